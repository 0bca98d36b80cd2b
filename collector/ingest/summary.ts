/**
 * What a check found, for a person who sees nothing else: `Filesystem /var: Used: 85.2 %`. A finding that names its
 * subject by itself stands alone.
 */
export function summaryOf(subject: string, finding: string | undefined): string {
  if (finding === undefined || finding === "") return subject;
  return finding.toLowerCase().includes(subject.toLowerCase()) ? finding : `${subject}: ${finding}`;
}
