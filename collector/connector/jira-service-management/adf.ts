/** Atlassian Document Format: what API version 3 takes for descriptions and comments. Text stays text. */
export interface AdfNode {
  type: string;
  version?: 1;
  text?: string;
  content?: AdfNode[];
  attrs?: Record<string, string | number>;
}

/** Empty lines part paragraphs; other line breaks stay. */
export function adfDocument(text: string): AdfNode {
  const paragraphs = text.split(/\n{2,}/).filter((paragraph) => paragraph.trim() !== "");
  return { type: "doc", version: 1, content: paragraphs.map(paragraphOf) };
}

function paragraphOf(paragraph: string): AdfNode {
  const lines = paragraph.split("\n").filter((line) => line !== "");
  const content = lines.flatMap((line, index): AdfNode[] => {
    const words: AdfNode = { type: "text", text: line };
    return index === 0 ? [words] : [{ type: "hardBreak" }, words];
  });
  return { type: "paragraph", content };
}
