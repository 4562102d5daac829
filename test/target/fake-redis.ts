import type { Socket } from "node:net";

/** A command's answer in Redis's protocol, version 2: arrays in arrays, `Error` for what it refuses. */
export type Answer = string | number | null | Error | Answer[];

/** Answers commands as Redis does, in transactions too. */
export function speakRedis(socket: Socket, answer: (command: string[]) => Answer): void {
  let text = "";
  let queued: string[][] | undefined;
  socket.on("data", (piece) => {
    text += piece.toString("latin1");
    for (;;) {
      const read = readCommand(text);
      if (read === undefined) return;
      text = text.slice(read.length);
      socket.write(encode(reply(read.command)), "latin1");
    }
  });

  function reply(command: string[]): Answer {
    const name = command[0]?.toUpperCase();
    if (name === "MULTI") {
      queued = [];
      return "OK";
    }
    if (name === "EXEC" && queued !== undefined) {
      const answers = queued.map(answer);
      queued = undefined;
      return answers;
    }
    if (queued === undefined) return name === "CLIENT" ? "OK" : answer(command);
    queued.push(command);
    return "QUEUED";
  }
}

/** `*2\r\n$4\r\nLLEN\r\n$1\r\nq\r\n`, if the whole of one is there. */
function readCommand(text: string): { command: string[]; length: number } | undefined {
  const head = /^\*(\d+)\r\n/.exec(text);
  if (head === null) return undefined;
  let offset = head[0].length;
  const command: string[] = [];
  for (let left = Number(head[1]); left > 0; left--) {
    const size = /^\$(\d+)\r\n/.exec(text.slice(offset));
    if (size === null) return undefined;
    const start = offset + size[0].length;
    const end = start + Number(size[1]);
    if (text.length < end + 2) return undefined;
    command.push(text.slice(start, end));
    offset = end + 2;
  }
  return { command, length: offset };
}

function encode(answer: Answer): string {
  if (answer === null) return "$-1\r\n";
  if (answer instanceof Error) return `-${answer.message}\r\n`;
  if (typeof answer === "number") return `:${answer}\r\n`;
  if (typeof answer === "string") return `$${Buffer.byteLength(answer, "latin1")}\r\n${answer}\r\n`;
  return `*${answer.length}\r\n${answer.map(encode).join("")}`;
}
