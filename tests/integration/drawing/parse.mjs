// Reads a list of diagrams on standard input and prints what the real Mermaid says about each: null when it is fine.
import { pathToFileURL } from "node:url";

const modules = process.argv[2];
const at = (path) => pathToFileURL(`${modules}/${path}`).href;
const { default: purify } = await import(at("dompurify/dist/purify.es.mjs"));
// There is no page here whose safety it would have to look after.
purify.addHook = () => {};
purify.sanitize = (text) => text;
const { default: mermaid } = await import(at("mermaid/dist/mermaid.core.mjs"));

let text = "";
for await (const chunk of process.stdin) text += chunk;
const problems = [];
for (const diagram of JSON.parse(text)) {
  problems.push(await mermaid.parse(diagram).then(() => null, (error) => String(error).slice(0, 500)));
}
console.log(JSON.stringify(problems));
