import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";

/** What of TLS is not as by default, with everything read. */
export interface TlsSettings {
  insecure: boolean;
  /** Trusted beside the system's own, in PEM. */
  ca?: string | undefined;
  /** The client's certificate and its key, in PEM. */
  cert?: string | undefined;
  key?: string | undefined;
  passphrase?: string | undefined;
  serverName?: string | undefined;
}

/** What all of a client's connections share: made for the first, as reading the authorities takes milliseconds. */
export class TlsContext {
  readonly #settings: TlsSettings;
  #context: SecureContext | undefined;

  constructor(settings: TlsSettings = { insecure: false }) {
    this.#settings = settings;
  }

  get options(): { secureContext: SecureContext; rejectUnauthorized: boolean; servername?: string } {
    const { insecure, ca, cert, key, passphrase, serverName } = this.#settings;
    this.#context ??= createSecureContext({
      ...(ca === undefined ? {} : { ca: [...getCACertificates("default"), ca] }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(passphrase === undefined ? {} : { passphrase }),
    });
    return {
      secureContext: this.#context,
      rejectUnauthorized: !insecure,
      ...(serverName === undefined ? {} : { servername: serverName }),
    };
  }
}
