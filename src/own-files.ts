/** In the sources; a build has programs that end in .js, and may join several files into one. */
const isSource = import.meta.url.endsWith(".ts");

/**
 * One of Plimsoll's own files, by its path in src/. A build joins files and puts what several programs share into dist/ itself,
 * where this file is among them: beside itself by `import.meta.url` another file would look in the wrong folder.
 */
export function ownFile(path: string): URL {
  return new URL(isSource ? path : path.replace(/\.ts$/, ".js"), import.meta.url);
}
