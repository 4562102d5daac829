import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PlainSocket } from "../../src/client/plain-socket.ts";
import { afterTest, listening } from "./listening.ts";

/** A connection, and its other end. */
async function connection(): Promise<{ ours: PlainSocket; theirs: Socket }> {
  const server = createServer({ noDelay: true });
  const port = await listening(server);
  const to = { host: "127.0.0.1", port };
  const ours = new PlainSocket(to).connect(to);
  afterTest(() => ours.destroy());
  const [theirs] = (await once(server, "connection")) as [Socket];
  return { ours, theirs };
}

/** What a listener does with what it is told of. */
const pace = fc.constantFrom("takes all", "takes one piece", "takes nothing", "gives some back");

describe("a plain socket", () => {
  it("gives what came within the read, and keeps nothing of it", async () => {
    const { ours, theirs } = await connection();
    const kept: number[] = [];
    const come: string[] = [];
    const told = new Promise<void>((resolve) => {
      ours.on("readable", () => {
        kept.push(ours.readableLength);
        come.push(`${ours.read()}`);
        expect(ours.read()).toBe(null);
        resolve();
      });
    });
    theirs.write("a response");
    await told;
    expect(come).toEqual(["a response"]);
    expect(kept).toEqual([0]);
    expect(ours.readableLength).toBe(0);
  });

  it("keeps what came before anybody listened", async () => {
    const { ours, theirs } = await connection();
    theirs.end("early");
    await once(ours, "connect");
    while (ours.readableLength < 5) {
      // As undici's first look at a socket does: it starts the reading.
      ours.read(0);
      await new Promise(setImmediate);
    }
    let text = "";
    ours.on("readable", () => {
      for (let piece = ours.read(); piece !== null; piece = ours.read()) text += piece;
    });
    await once(ours, "end");
    expect(text).toBe("early");
  });

  it("loses nothing and keeps the order, however its listener takes it, until the end", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 200_000, size: "max" }), { minLength: 1, maxLength: 6 }),
        fc.infiniteStream(pace),
        async (pieces, paces) => {
          const { ours, theirs } = await connection();
          const taken: Buffer[] = [];
          const takeAll = () => {
            for (let piece = ours.read(); piece !== null; piece = ours.read()) taken.push(piece as Buffer);
          };
          ours.on("readable", () => {
            const does = paces.next().value;
            if (does === "takes all" || ours.readableEnded) return takeAll();
            const piece = does === "takes nothing" ? null : (ours.read() as Buffer | null);
            if (does === "gives some back" && piece !== null && piece.length > 1) {
              taken.push(piece.subarray(0, 1));
              ours.unshift(piece.subarray(1));
            } else if (piece !== null) taken.push(piece);
            // What it left, it comes back for.
            setImmediate(takeAll);
          });
          for (const piece of pieces) {
            theirs.write(piece);
            await new Promise(setImmediate);
          }
          theirs.end();
          await once(ours, "end");
          expect(Buffer.concat(taken).equals(Buffer.concat(pieces))).toBe(true);
          ours.destroy();
        },
      ),
      { numRuns: 100 },
    );
  });
});
