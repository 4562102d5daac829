import { CustomVariableBuilder } from "@grafana/grafana-foundation-sdk/dashboard";

/** How long before now is compared with, and from how long a trend is taken: a duration of PromQL. */
export const ago = "$ago";

/** An hour unless the reader chooses: a shorter run has nothing that is so old. */
export function agoVariable(): CustomVariableBuilder {
  return new CustomVariableBuilder("ago")
    .label("Before")
    .description("How long before now is compared with, and from how long trends are taken.")
    .values("5m,15m,30m,1h,3h,6h,24h")
    .current({ text: "1h", value: "1h" });
}
