/**
 * The site's files.
 *
 * @module
 */
import icon from "../icon.svg" with { type: "text" };
import style from "../style.css" with { type: "text" };
import { bundleLessons, bundlePage } from "./bundle.ts";
import { sheetPng } from "../../show/files/png.ts";
import { symbolsIn, symbolsPage, termsIn } from "./glossary.ts";
import { sha256 } from "../../disk/sha256.ts";
import { contentsPage, HERO, heroOf, type Recorded } from "./contents_page.ts";
import { styleClasses } from "./document.ts";
import { lessonFiles } from "./lesson_files.ts";
import { lessonAlone, lessonPage, pictureAddress } from "./lesson_page.ts";
import { filesIn, projectText, ROOT } from "./project.ts";
import { recordingOf } from "./recordings.ts";
import { indexed } from "./search_index.ts";

/** What to build. */
export interface SiteOptions {
  /** The directory to write, relative to the project's; its content is replaced. */
  out: string;
  /** The numbers of the lessons; all by default. */
  chosen?: string[];
  /** Called before steps that take a while. */
  say(text: string): void;
}

/** Writes the whole site; returns the number of its pages and bytes. */
export async function writeSite({ out, chosen, say }: SiteOptions): Promise<{ pages: number; bytes: number }> {
  const lessons = await lessonFiles(chosen);
  const recorded: Recorded[] = [];
  for (const lesson of lessons) recorded.push({ lesson, recording: await recordingOf(lesson, say) });
  const [answers, { version }] = [await projectText("lessons/answers.md"), JSON.parse(await projectText("deno.json"))];
  const symbols = symbolsIn(await projectText("lessons/README.md"));
  const terms = termsIn(symbols);
  const files = new Map<string, string | Uint8Array>();
  const styles = styleClasses();
  const hero = heroOf(recorded);
  if (hero) files.set(HERO, await sheetPng(hero.map));
  files.set("index.html", styles.replace(contentsPage(recorded)));
  for (const { lesson, recording } of recorded) {
    const source = { lesson, lessons, recording, answers, terms, version };
    files.set(`${lesson.name}.html`, styles.replace(lessonPage(source)));
    files.set(`${lesson.name}.alone.html`, lessonAlone(source));
    files.set(`lessons/${lesson.name}.ts`, lesson.text);
    for (const [name, { type, bytes }] of recording.pictures) {
      files.set(pictureAddress(lesson.name, name, type), bytes);
    }
  }
  files.set(
    "search.json",
    JSON.stringify(lessons.flatMap((lesson) => indexed(lesson, String(files.get(`${lesson.name}.html`))))),
  );
  files.set("symbols.html", styles.replace(symbolsPage(symbols, lessons)));
  files.set("style.css", style + styles.css());
  files.set("icon.svg", icon);
  const bytes = await write(new URL(`${out}/`, ROOT), files);
  await bundlePage(out);
  await bundleLessons(lessons.map(({ name }) => name), `${out}/run`);
  await writeServiceWorker(new URL(`${out}/`, ROOT));
  return { pages: 2 + lessons.length, bytes };
}

/** Files that are not stored for use without a network: those that a reader downloads. */
const NOT_KEPT = /^lessons\/|\.alone\.html$|^service_worker\.js$/;

/** Prepends the list of the site's files, and a version that depends on all of them, to the service worker's script. */
async function writeServiceWorker(directory: URL): Promise<void> {
  const files = (await filesIn(directory)).filter((path) => !NOT_KEPT.test(path)).sort();
  const digests = await Promise.all(
    files.map(async (path) => await sha256(await Deno.readFile(new URL(path, directory)))),
  );
  const version = (await sha256(new TextEncoder().encode(digests.join()))).slice(0, 12);
  const script = new URL("service_worker.js", directory);
  const site = `const SITE = ${JSON.stringify({ version, files })};\n`;
  await Deno.writeTextFile(script, site + await Deno.readTextFile(script));
}

/** Replaces a directory with these files; returns the number of their bytes. */
async function write(directory: URL, files: Map<string, string | Uint8Array>): Promise<number> {
  await Deno.remove(directory, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  let bytes = 0;
  for (const [path, content] of files) {
    const file = new URL(path, directory);
    const data = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.mkdir(new URL(".", file), { recursive: true });
    await Deno.writeFile(file, data);
    bytes += data.length;
  }
  return bytes;
}
