/**
 * Every code that a finding about `tocsin.yaml` can carry, with what it means; the reference page is made from this
 * table. A code that has gone stays listed, marked as retired, and is not used again.
 */
export const CONFIG_CODES = {
  CONFIG_SYNTAX: "The file is not valid YAML or JSON.",
  CONFIG_TOO_LARGE: "The file is larger than a configuration can sensibly be.",
  CONFIG_UNKNOWN_KEY: "A key that this version does not know.",
  CONFIG_MISSING_KEY: "A key that is required is not there.",
  CONFIG_WRONG_TYPE: "A value of another type than the key takes: a number for a text, a mapping for a list.",
  CONFIG_BAD_VALUE: "A value of the right type that is not one of the allowed ones, or not in the required form.",
  CONFIG_BAD_DURATION: "Not a duration such as 30s, 5m or 1h30m.",
  CONFIG_BAD_SIZE: "Not a size such as 512KiB or 64MiB.",
  CONFIG_OUT_OF_RANGE: "A number, duration, size, text or list that is too small, too large, too short or too long.",
  CONFIG_BAD_SECRET: "A secret that is given both inline and as a file, or that is empty.",
  CONFIG_FILE_UNREADABLE: "A file that the configuration names cannot be read.",
  CONFIG_BAD_MATCHER: "A matcher that cannot be read, or whose regular expression is not valid RE2.",
  CONFIG_DUPLICATE_NAME: "Two things have the same name, or two tokens the same value.",
  CONFIG_OPEN_LISTEN: "An address beyond loopback is listened on, and no token is configured.",
  CONFIG_RECEIVER_KIND: "A receiver has no kind (webhook, email …), or more than one.",
  CONFIG_UNKNOWN_RECEIVER: "A route or team names a receiver that does not exist.",
  CONFIG_UNUSED_RECEIVER: "No route sends anything to this receiver.",
  CONFIG_NO_ROUTE: "There are receivers but no route: nobody will be told anything.",
  CONFIG_UNREACHABLE_ROUTE: "A route that is never tried, because one before it takes everything.",
  CONFIG_UNKNOWN_TIME_INTERVAL: "A route names a time interval that does not exist.",
  CONFIG_PRIVATE_TARGET:
    "A receiver calls a private or loopback address that limits.allowPrivateTargets does not allow.",
  CONFIG_WEAK_TOKEN: "A token so short that it can be guessed.",
  CONFIG_CONTRADICTION: "Two values that cannot both hold, such as a minimum above its maximum.",
  CONFIG_NOT_SERVED: "The Redis store, with which this version does not start.",
  CONFIG_NOT_IN_USE: "A section that is reserved and has no effect in this version.",
} as const;

export type ConfigCode = keyof typeof CONFIG_CODES;
