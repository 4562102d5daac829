import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { readServiceAddress } from "./address.ts";
import { readFile } from "./file.ts";
import type { HttpPlan, ProxyPlan, TlsPlan } from "./plan.ts";
import type { Reader } from "./reader.ts";
import type { ScalarNode, SourceNode } from "./source.ts";

/** Certificates and keys are a few kilobytes; a bundle of all authorities is a few hundred. */
const MOST_PEM_BYTES = 1024 * 1024;

/** Reads how the whole scenario speaks HTTP. */
export function readHttp(reader: Reader, root: SourceNode): HttpPlan {
  const tls = readTls(reader, reader.get(root, "tls"));
  const proxy = readProxy(reader, reader.get(root, "proxy"));
  const connectTimeoutMs = reader.duration(reader.get(root, "connectTimeout"));
  return {
    version2: reader.boolean(reader.get(root, "http2")) ?? false,
    timings: reader.get(root, "timings") === undefined ? "whole" : "full",
    ...(tls === undefined ? {} : { tls }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(connectTimeoutMs === undefined ? {} : { connectTimeoutMs }),
  };
}

/** Files are read and tried out here, so that a wrong one is a problem with a place, not ten thousand failed connections. */
function readTls(reader: Reader, node: SourceNode | undefined): TlsPlan | undefined {
  if (node?.kind !== "map") return undefined;
  const ca = readPem(reader, reader.get(node, "ca"));
  const cert = readPem(reader, reader.get(node, "cert"));
  const keyNode = reader.get(node, "key");
  const key = readFile(reader, keyNode, MOST_PEM_BYTES);
  const phraseNode = reader.get(node, "passphrase");
  const passphrase = reader.template(phraseNode, undefined);
  const serverName = reader.string(reader.get(node, "serverName"));
  if ((cert === undefined) !== (key === undefined)) {
    const [given, missing] = cert === undefined ? [keyNode, "cert"] : [reader.get(node, "cert"), "key"];
    // One that could not be read is told already.
    if (given !== undefined && reader.get(node, missing) === undefined) {
      reader.reject("missing-key", given, { expected: `${missing}: a certificate and its key go together` });
    }
  } else if (cert !== undefined && key !== undefined && keyNode !== undefined) {
    const phrase = phraseNode?.kind === "scalar" ? reader.resolved(phraseNode) : undefined;
    const problem = whyNoPair(cert, key.bytes, phrase);
    if (problem !== undefined) reader.reject("file", keyNode, problem);
  }
  return {
    insecure: reader.boolean(reader.get(node, "insecure")) ?? false,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { keyFile: key.path }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(serverName === undefined ? {} : { serverName }),
  };
}

/** The text of a file of certificates. */
function readPem(reader: Reader, node: SourceNode | undefined): string | undefined {
  const file = readFile(reader, node, MOST_PEM_BYTES);
  if (file === undefined || node === undefined) return undefined;
  try {
    new X509Certificate(file.bytes);
    return file.bytes.toString("utf8");
  } catch {
    // What OpenSSL says of it helps nobody; what it should be does.
    return reader.reject("file", node, { expected: "certificates in PEM (-----BEGIN CERTIFICATE-----)" });
  }
}

function whyNoPair(cert: string, key: Buffer, passphrase: string | undefined): { expected: string } | undefined {
  try {
    createSecureContext({ cert, key, ...(passphrase === undefined ? {} : { passphrase }) });
    return undefined;
  } catch {
    // Its message may tell of the key; that it does not fit is enough.
    return { expected: "the certificate's own key in PEM, and its passphrase where it has one" };
  }
}

function readProxy(reader: Reader, node: SourceNode | undefined): ProxyPlan | undefined {
  const map = node?.kind === "map" ? node : undefined;
  const address = readServiceAddress(reader, map === undefined ? node : reader.get(map, "url"), "http://proxy:3128", [
    "http:",
  ]);
  const except = reader.items(map === undefined ? undefined : reader.get(map, "except"));
  if (address === undefined) return undefined;
  const hosts = except.filter((one): one is ScalarNode => one.kind === "scalar").map((one) => reader.string(one) ?? "");
  return { url: address.url, except: hosts };
}
