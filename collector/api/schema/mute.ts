import type { Static } from "typebox";
import { nullable, time } from "./basic.ts";
import { Type } from "../../port/type-builder.ts";

const matcher = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 256 }),
    value: Type.String({ maxLength: 4096 }),
    isRegex: Type.Optional(Type.Boolean()),
    isEqual: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);

export const SILENCE = Type.Object(
  {
    id: Type.String(),
    status: Type.Enum(["pending", "active", "expired"]),
    matchers: Type.Array(matcher),
    startsAt: time(),
    endsAt: time(),
    createdBy: Type.String(),
    comment: Type.String(),
    createdAt: time(),
    updatedAt: time(),
  },
  {
    $id: "Silence",
    description: "A person's mute on matchers; alerts are still recorded, and a resolve always passes.",
  },
);

/** Either `endsAt` or `duration`. */
export const NEW_SILENCE = Type.Object(
  {
    id: Type.Optional(
      Type.String({ minLength: 1, maxLength: 64, pattern: "^[A-Za-z0-9_-]+$", description: "Of a silence to change." }),
    ),
    matchers: Type.Array(matcher, { minItems: 1, maxItems: 100 }),
    startsAt: Type.Optional(time("Default: now.")),
    endsAt: Type.Optional(time()),
    duration: Type.Optional(Type.String({ description: "`30m`, `2h`" })),
    createdBy: Type.Optional(Type.String({ maxLength: 256, description: "Default: the token's name." })),
    comment: Type.String({ minLength: 1, maxLength: 4096 }),
  },
  { $id: "NewSilence", additionalProperties: false },
);
export type NewSilence = Static<typeof NEW_SILENCE>;

export const MAINTENANCE = Type.Object(
  {
    id: Type.String(),
    status: Type.Enum(["pending", "active", "expired"]),
    cis: Type.Array(Type.String()),
    from: time(),
    to: time(),
    includeDependents: Type.Boolean(),
    reason: Type.String(),
    owner: nullable(Type.String()),
  },
  { $id: "Maintenance", description: "A planned period on CIs; what the work causes does not page." },
);

/** Either `to` or `duration`. */
export const NEW_MAINTENANCE = Type.Object(
  {
    id: Type.Optional(Type.String({ minLength: 1, maxLength: 128, pattern: "^[A-Za-z0-9_.:-]+$" })),
    cis: Type.Array(Type.String({ minLength: 1, maxLength: 512 }), { minItems: 1, maxItems: 10_000 }),
    from: Type.Optional(time("Default: now.")),
    to: Type.Optional(time()),
    duration: Type.Optional(Type.String({ description: "`30m`, `2h`" })),
    includeDependents: Type.Optional(Type.Boolean({ description: "Default true." })),
    reason: Type.Optional(Type.String({ maxLength: 4096, description: "For whoever asks why nobody was told." })),
    owner: Type.Optional(nullable(Type.String({ maxLength: 256 }))),
  },
  { $id: "NewMaintenance", additionalProperties: false },
);
export type NewMaintenance = Static<typeof NEW_MAINTENANCE>;
