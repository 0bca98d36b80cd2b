/** What a message is about. */
export const NOTIFICATION_KINDS = ["opened", "updated", "acknowledged", "escalated", "resolved", "reopened"] as const;
export type NotificationKind = (typeof NOTIFICATION_KINDS)[number];
