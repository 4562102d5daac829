import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Body } from "../../src/client/body.ts";

const LIMIT = 10 * 1024 * 1024;
const text = Buffer.from("to be or not to be, ".repeat(100));

function bodyOf(bytes: Buffer, encoding?: string | string[], pieceLength = bytes.length): Body {
  const body = new Body(encoding);
  for (let from = 0; from < bytes.length; from += pieceLength) {
    expect(body.add(bytes.subarray(from, from + pieceLength))).toBeUndefined();
  }
  return body;
}

const codings: [name: string, encode: (bytes: Buffer) => Buffer, as?: string][] = [
  ["gzip", gzipSync],
  ["x-gzip", gzipSync],
  ["deflate", deflateSync],
  ["deflate", deflateRawSync, "deflate without zlib's frame"],
  ["br", brotliCompressSync],
  ["zstd", zstdCompressSync],
];

describe("a body", () => {
  it("is the same in whatever pieces it comes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 5_000 }), { maxLength: 40 }), (pieces) => {
        const body = new Body(undefined);
        for (const piece of pieces) expect(body.add(Buffer.from(piece))).toBeUndefined();
        expect(Buffer.concat(pieces).equals(body.decoded() as Buffer)).toBe(true);
      }),
    );
  });

  it("may be as large as the limit, and no larger", () => {
    const body = bodyOf(Buffer.alloc(LIMIT), undefined, 60_000);
    expect((body.decoded() as Buffer).length).toBe(LIMIT);
    expect(body.add(Buffer.from("x"))).toEqual({ kind: "body_limit", detail: "the body exceeds 10485760 bytes" });
  });

  it.each(codings)("in %s is decoded", (name, encode) => {
    expect(bodyOf(encode(text), name, 7).decoded()).toEqual(text);
    expect(bodyOf(encode(text), ` ${name.toUpperCase()} , identity`).decoded()).toEqual(text);
    expect(bodyOf(Buffer.alloc(0), name).decoded()).toEqual(Buffer.alloc(0));
  });

  it.each(codings)("in %s that hides too much is refused, if it is long before all of it is there", (name, encode) => {
    const bomb = encode(Buffer.alloc(LIMIT + 1));
    const tooLarge = { kind: "body_limit", detail: "the decoded body exceeds 10485760 bytes" };
    expect(bodyOf(bomb, name).decoded()).toEqual(tooLarge);
    const long = encode(Buffer.alloc(LIMIT + 1));
    const body = new Body(name);
    // As if more than 64 KiB were not the whole of it yet.
    const padded = Buffer.concat([long, Buffer.alloc(70_000)]);
    expect(body.add(padded)).toEqual(tooLarge);
  });

  it.each(codings)("in %s that is long and in order passes", (name, encode) => {
    // Hard to compress: more than 64 KiB on the wire, looked into before all of it is there.
    const noise = Buffer.from(Array.from({ length: 200_000 }, (_, n) => (n * n * 2_654_435_761) >>> 13));
    expect(bodyOf(encode(noise), name, 10_000).decoded()).toEqual(noise);
  });

  it.each(codings)("in %s that is cut or wrong is not decoded", (name, encode) => {
    const wrong = { kind: "decode", detail: `the response is not valid ${name}` };
    const encoded = encode(text);
    expect(bodyOf(encoded.subarray(0, encoded.length - 9), name).decoded()).toEqual(wrong);
    expect(bodyOf(Buffer.from("\xffplain text", "latin1"), name).decoded()).toEqual(wrong);
  });

  it("encoded more than once is decoded backwards, five times at most", () => {
    expect(bodyOf(brotliCompressSync(gzipSync(text)), ["gzip", "br"]).decoded()).toEqual(text);
    expect(bodyOf(text, "gzip,".repeat(6)).decoded()).toMatchObject({ kind: "decode" });
  });

  it.each(["compress", "constructor", "__proto__", "gzip;q=1"])("in an encoding %j is not decoded", (name) => {
    expect(bodyOf(text, name).decoded()).toEqual({
      kind: "decode",
      detail: "the response has an unknown content-encoding",
    });
  });

  it("in zstd whose window is larger than HTTP allows is not decoded", () => {
    const params = { [constants.ZSTD_c_windowLog]: 27, [constants.ZSTD_c_enableLongDistanceMatching]: 1 };
    const encoded = zstdCompressSync(Buffer.alloc(9 * 1024 * 1024, "window"), { params });
    expect(bodyOf(encoded, "zstd").decoded()).toMatchObject({ kind: "decode" });
  });
});
