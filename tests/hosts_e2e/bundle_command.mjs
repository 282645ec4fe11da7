// Prints what a desktop host starts for an unpacked bundle: bundle_command.mjs BUNDLE FOLDER…, by the format's own rules.
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { getMcpConfigForManifest } from "@anthropic-ai/mcpb";

const [bundle, ...folders] = process.argv.slice(2);
const home = homedir();
const config = await getMcpConfigForManifest({
  manifest: JSON.parse(readFileSync(`${bundle}/manifest.json`, "utf8")),
  extensionPath: bundle,
  systemDirs: { HOME: home, DOCUMENTS: `${home}/Documents` },
  userConfig: { folders, key: "" },
  pathSeparator: "/",
});
console.log(JSON.stringify(config));
