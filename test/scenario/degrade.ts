interface Document {
  cis: { id: string }[];
  relations: { from: string; type: string; to: string }[];
}

/** The same numbers for the same seed, on every machine (mulberry32 over a string hash). */
function randomOf(seed: string): () => number {
  let state = 0;
  for (const letter of seed) state = (Math.imul(state, 31) + letter.charCodeAt(0)) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A CMDB with this share of its relations missing, and this share leading to a wrong CI. */
export function degrade<T extends Document>(document: T, how: { missing: number; wrong: number; seed: string }): T {
  if (how.missing === 0 && how.wrong === 0) return document;
  const random = randomOf(how.seed);
  const relations = [];
  for (const relation of document.relations) {
    const luck = random();
    const other = document.cis[Math.floor(random() * document.cis.length)];
    if (luck < how.missing) continue;
    const isWrong = luck < how.missing + how.wrong && other !== undefined && other.id !== relation.from;
    relations.push(isWrong ? { ...relation, to: other.id } : relation);
  }
  return { ...document, relations };
}
