import { errors } from "undici";
import { describe, expect, it } from "vitest";
import { failureOf, type Progress } from "../../src/client/failure.ts";

const progress = (more: Partial<Progress> = {}): Progress => ({
  stage: "connecting",
  served: false,
  brokenBy: null,
  headers: {},
  ...more,
});
const coded = (code: string, message = `connect ${code} 192.0.2.1:80`) => Object.assign(new Error(message), { code });

/** What test/faults cannot bring about on one machine. */
describe("an error of the system has its kind", () => {
  const table: [code: string, stage: Progress["stage"], kind: string, detail: RegExp][] = [
    ["EADDRNOTAVAIL", "connecting", "generator_ports", /^EADDRNOTAVAIL: the generator has no port left/],
    ["EMFILE", "connecting", "generator_fds", /^EMFILE: the generator has no file descriptor left/],
    ["ENFILE", "connecting", "generator_fds", /^ENFILE: the generator has no file descriptor left/],
    ["EAI_AGAIN", "connecting", "dns", /^EAI_AGAIN: /],
    ["EHOSTUNREACH", "connecting", "connect_refused", /^EHOSTUNREACH: connect EHOSTUNREACH 192\.0\.2\.1:80$/],
    ["ETIMEDOUT", "connecting", "connect_timeout", /^ETIMEDOUT: /],
    // The same errors of a connection that was there are its end.
    ["ETIMEDOUT", "body", "reset", /^ETIMEDOUT within the body$/],
    ["EHOSTUNREACH", "waiting", "reset", /^EHOSTUNREACH before a response$/],
    ["EPIPE", "waiting", "reset", /^EPIPE before a response$/],
    ["CRL_HAS_EXPIRED", "connecting", "tls", /^CRL_HAS_EXPIRED$/],
    ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "waiting", "tls", /^ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED$/],
  ];

  it.each(table)("%s while %s: %s", (code, stage, kind, detail) => {
    expect(failureOf(coded(code), progress({ stage }))).toEqual({ kind, detail: expect.stringMatching(detail) });
  });

  it("of the address that was really tried, where there are several", () => {
    const both = new AggregateError([coded("EADDRNOTAVAIL"), coded("ECONNREFUSED")]);
    expect(failureOf(both, progress()).kind).toBe("connect_refused");
    const none = new AggregateError([coded("ENETUNREACH"), coded("EADDRNOTAVAIL")]);
    expect(failureOf(none, progress()).kind).toBe("connect_refused");
  });
});

describe("a detail quotes nobody that is not known to be ours", () => {
  it.each([
    [
      "a certificate's names",
      coded("ERR_TLS_CERT_ALTNAME_INVALID", "Host: a. is not in the cert's altnames: DNS:secret"),
    ],
    ["what a parser stumbled over", Object.assign(new errors.HTTPParserError("Expected HTTP/"), { data: "secret" })],
    ["an error without a code", new TypeError("cannot read secret")],
    ["an error with a code of its own", coded("ERR_INVALID_ARG_VALUE", "Received 'secret'")],
    ["what is no error", "secret"],
  ])("%s", (_, error) => {
    expect(failureOf(error, progress({ stage: "body" })).detail).not.toContain("secret");
  });
});
