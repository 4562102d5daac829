import { getCACertificates } from "node:tls";

/** Whose certificates the sources take for good, beside the system's authorities: the scenario's `tls`. */
export interface Trust {
  /** No certificate is looked at. */
  insecure: boolean;
  /** Authorities beside the system's own, in PEM. */
  ca?: string | undefined;
}

/** As Node's TLS takes it. Without an authority of our own nothing is read: `NODE_EXTRA_CA_CERTS` holds either way. */
export function certificateOptions({ insecure, ca }: Trust = { insecure: false }): {
  rejectUnauthorized: boolean;
  ca?: string[];
} {
  return {
    rejectUnauthorized: !insecure,
    ...(ca === undefined ? {} : { ca: [...getCACertificates("default"), ca] }),
  };
}
