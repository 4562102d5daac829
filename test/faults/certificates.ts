import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Identity {
  key: string;
  cert: string;
}

export interface Certificates {
  /** The authority that signed `good`, `expired` and `elsewhere`. */
  authority: string;
  /** For 127.0.0.1. */
  good: Identity;
  /** For 127.0.0.1, until yesterday. */
  expired: Identity;
  /** For another host; its names hold `canary`. */
  elsewhere: Identity;
  /** Signed by itself; its subject holds `canary`. */
  selfSigned: Identity;
  /** Signed by an authority that nobody knows. */
  unknown: Identity;
}

/** Makes certificates with openssl, valid from now on for two days: none is kept that could expire in the repository. */
export function makeCertificates(canary: string): Certificates {
  const folder = mkdtempSync(join(tmpdir(), "certificates-"));
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "pipe" });
  const newKey = (name: string) => [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-keyout",
    at(name),
  ];
  const read = (name: string): Identity => ({
    key: readFileSync(at(`${name}.key`), "utf8"),
    cert: readFileSync(at(`${name}.pem`), "utf8"),
  });
  const signedByItself = (name: string, subject: string) => {
    openssl(
      "req",
      "-x509",
      ...newKey(`${name}.key`),
      "-out",
      at(`${name}.pem`),
      "-subj",
      `/CN=${subject}`,
      "-days",
      "2",
    );
    return read(name);
  };
  const signedBy = (authority: string, name: string, subjectAltName: string, days: number) => {
    writeFileSync(at(`${name}.ext`), `subjectAltName=${subjectAltName}`);
    openssl("req", ...newKey(`${name}.key`), "-out", at(`${name}.csr`), "-subj", `/CN=${canary}`);
    const signer = ["-CA", at(`${authority}.pem`), "-CAkey", at(`${authority}.key`), "-CAcreateserial"];
    const what = ["-in", at(`${name}.csr`), "-out", at(`${name}.pem`), "-extfile", at(`${name}.ext`)];
    openssl("x509", "-req", ...signer, ...what, "-days", String(days));
    return read(name);
  };
  try {
    const authority = signedByItself("authority", "authority").cert;
    signedByItself("stranger", "stranger");
    return {
      authority,
      good: signedBy("authority", "good", "IP:127.0.0.1", 2),
      expired: signedBy("authority", "expired", "IP:127.0.0.1", -1),
      elsewhere: signedBy("authority", "elsewhere", `DNS:${canary}.example`, 2),
      selfSigned: signedByItself("self", canary),
      unknown: signedBy("stranger", "unknown", "IP:127.0.0.1", 2),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
