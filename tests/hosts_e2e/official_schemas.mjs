// Prints the protocol's schemas as JSON, by revision. The conformance suite carries them inside its one bundled file
// as object literals; its version is pinned in package.json, and a test sees to it that both are found.
import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";

const source = readFileSync(process.argv[2], "utf8");
const start = "{$schema:`https://json-schema.org/draft/2020-12/schema`,$defs:{Annotations:";
const schemas = {};
for (let at = source.indexOf(start); at >= 0; at = source.indexOf(start, at + 1)) {
  let depth = 0;
  let quoted = false;
  let end = at;
  do {
    const sign = source[end];
    if (sign === "\\") end++;
    else if (sign === "`") quoted = !quoted;
    else if (!quoted) depth += sign === "{" ? 1 : sign === "}" ? -1 : 0;
    end++;
  } while (depth);
  const schema = runInNewContext(`(${source.slice(at, end)})`);
  schemas["DiscoverResult" in schema.$defs ? "2026-07-28" : "2025-11-25"] = schema;
}
process.stdout.write(JSON.stringify(schemas));
