import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { createSecureContext } from "node:tls";
import { readServiceAddress } from "./address.ts";
import type { HttpPlan, ProxyPlan, TlsPlan } from "./plan.ts";
import type { Reader } from "./reader.ts";
import type { ScalarNode, SourceNode } from "./source.ts";

/** Reads how the whole scenario speaks HTTP. `path` is the scenario's: files are beside it. */
export function readHttp(reader: Reader, root: SourceNode, path: string): HttpPlan {
  const tls = readTls(reader, reader.get(root, "tls"), dirname(path));
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
function readTls(reader: Reader, node: SourceNode | undefined, folder: string): TlsPlan | undefined {
  if (node?.kind !== "map") return undefined;
  const ca = readPem(reader, reader.get(node, "ca"), folder);
  const cert = readPem(reader, reader.get(node, "cert"), folder);
  const keyNode = reader.get(node, "key");
  const keyFile = fileOf(reader, keyNode, folder);
  const phraseNode = reader.get(node, "passphrase");
  const passphrase = reader.template(phraseNode, undefined);
  const serverName = reader.string(reader.get(node, "serverName"));
  if ((cert === undefined) !== (keyFile === undefined)) {
    const [given, missing] = cert === undefined ? [keyNode, "cert"] : [reader.get(node, "cert"), "key"];
    // One that could not be read is told already.
    if (given !== undefined && reader.get(node, missing) === undefined) {
      reader.reject("missing-key", given, { expected: `${missing}: a certificate and its key go together` });
    }
  } else if (cert !== undefined && keyFile !== undefined && keyNode !== undefined) {
    const phrase = phraseNode?.kind === "scalar" ? reader.resolved(phraseNode) : undefined;
    const problem = whyNoPair(cert, keyFile, phrase);
    if (problem !== undefined) reader.reject("file", keyNode, problem);
  }
  return {
    insecure: reader.boolean(reader.get(node, "insecure")) ?? false,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(keyFile === undefined ? {} : { keyFile }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(serverName === undefined ? {} : { serverName }),
  };
}

/** The text of a file of certificates. */
function readPem(reader: Reader, node: SourceNode | undefined, folder: string): string | undefined {
  const file = fileOf(reader, node, folder);
  if (file === undefined || node === undefined) return undefined;
  const text = readText(file);
  if ("expected" in text) return reader.reject("file", node, text);
  try {
    new X509Certificate(text.text);
    return text.text;
  } catch {
    // What OpenSSL says of it helps nobody; what it should be does.
    return reader.reject("file", node, { expected: "certificates in PEM (-----BEGIN CERTIFICATE-----)" });
  }
}

function whyNoPair(cert: string, keyFile: string, passphrase: string | undefined) {
  const key = readText(keyFile);
  if ("expected" in key) return key;
  try {
    createSecureContext({ cert, key: key.text, ...(passphrase === undefined ? {} : { passphrase }) });
    return undefined;
  } catch {
    // Its message may tell of the key; that it does not fit is enough.
    return { expected: "the certificate's own key in PEM, and its passphrase where it has one" };
  }
}

function fileOf(reader: Reader, node: SourceNode | undefined, folder: string): string | undefined {
  const name = reader.string(node);
  return name === undefined ? undefined : resolve(folder, name);
}

function readText(path: string): { text: string } | { expected: string; got: string } {
  try {
    return { text: readFileSync(path, "utf8") };
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    return { expected: "a file that can be read", got: code === "ENOENT" ? "no such file" : code };
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
