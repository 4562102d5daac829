import express, { type Express, type Request, type Response } from "express";
import { refuseForNow } from "./guard.ts";
import type { Token } from "./token.ts";

/** Serves `/login`, where the token is exchanged for a cookie: by a form, or by a link that has it (`/login?token=…`). */
export function addLogin(app: Express, token: Token): void {
  const exchange = (request: Request, response: Response, given: unknown) => {
    const shown = token.show(typeof given === "string" ? given : "", request.socket.remoteAddress ?? "");
    if (shown === "right") response.set("Set-Cookie", token.cookie()).redirect(303, "/");
    else if (shown === "too often") refuseForNow(response);
    else form(response, 401, "That is not the token that Plimsoll was started with.");
  };
  app.get("/login", (request, response) => {
    const given = request.query["token"];
    if (given === undefined) form(response, 200, "");
    else exchange(request, response, given);
  });
  app.post("/login", express.urlencoded({ extended: false, limit: "4kb" }), (request, response) => {
    exchange(request, response, (request.body as Record<string, unknown> | undefined)?.["token"]);
  });
}

function form(response: Response, status: number, problem: string): void {
  response
    .status(status)
    // Without a referrer browsers send a form with the Origin "null", which is a stranger's. Source: Fetch standard, 3.2.
    .set("Referrer-Policy", "same-origin")
    .set(
      "Content-Security-Policy",
      "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    )
    .type("text/html")
    .send(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Plimsoll</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/page.css">
</head>
<body>
<main>
<h1>Plimsoll</h1>
<form class="start" method="post" action="/login">
<label>Token <input name="token" type="password" required autocomplete="current-password" autofocus></label>
<button type="submit" class="primary">Log in</button>
<p role="alert" class="problem">${problem}</p>
</form>
</main>
</body>
</html>
`);
}
