/** Runs `each` of the items, so many at once, and gives what came of them in the items' order. */
export async function inLanes<T, R>(lanes: number, items: readonly T[], each: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const waiting = [...items.entries()];
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) results[next[0]] = await each(next[1]);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}
