// Unpacks the browser of the npm package @sparticuz/chromium: `node unpack.mjs PACKAGE_FOLDER FOLDER`.
// Only its data is used, with no code of the package, whatever version of Node that code is for.
import { execFileSync } from "node:child_process";
import { chmodSync, createReadStream, createWriteStream, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";

const [packed, to] = process.argv.slice(2).map((path) => resolve(path));

async function decompress(name, path) {
  await pipeline(createReadStream(join(packed, "bin", name)), createBrotliDecompress(), createWriteStream(path));
}

rmSync(to, { recursive: true, force: true });
mkdirSync(to, { recursive: true });
await decompress("chromium.br", join(to, "chromium"));
chmodSync(join(to, "chromium"), 0o755);
// The libraries that a machine without a desktop lacks, and a font, so that pages look the same everywhere.
for (const name of ["al2023.tar", "fonts.tar"]) {
  const archive = join(to, name);
  await decompress(`${name}.br`, archive);
  execFileSync("tar", ["-xf", archive, "-C", to]);
  rmSync(archive);
}
writeFileSync(
  join(to, "fonts.conf"),
  `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${join(to, "fonts")}</dir><cachedir>${join(to, "fonts-cache")}</cachedir></fontconfig>
`,
);
