/**
 * Recognises files of other kinds.
 *
 * @module
 */
// deno-lint-ignore-file no-control-regex -- files begin with such bytes

/** The first bytes of files, and what such files are. */
const BEGINNINGS: readonly (readonly [begins: RegExp, what: string])[] = [
  [/^\x1f\x8b/, "a gzip file"],
  [/^\xfd7zXZ\0/, "an xz file: unpack it first"],
  [/^BZh/, "a bzip2 file: unpack it first"],
  [/^\x28\xb5\x2f\xfd/, "a zstd file: unpack it first"],
  [/^7z\xbc\xaf/, "a 7-Zip archive: unpack it first"],
  [/^Rar!/, "a RAR archive: unpack it first"],
  [/^PK\x03\x04.{26}(\[Content|_rels|xl)/s, "an Excel workbook: save it as CSV first"],
  [/^PK\x03\x04/, "a zip archive: unpack it first"],
  [/^.{257}ustar/s, "a tar archive: unpack it first"],
  [/^\x93NUMPY/, "a .npy file"],
  [/^\x89HDF/, "an HDF5 file: save its arrays as .npy first"],
  [/^MATLAB/, "a MATLAB file: save its arrays as .npy first"],
  [/^PAR1/, "a Parquet file: save it as CSV first"],
  [/^\x80[\x02-\x05]/, "a pickle, which can run programs: save its arrays as .npy first"],
  [/^SQLite format 3/, "a database of SQLite"],
  [/^\x89PNG/, "a PNG image"],
  [/^\xff\xd8\xff/, "a JPEG image: save it as PNG first"],
  [/^GIF8/, "a GIF image: save it as PNG first"],
  [/^RIFF.{4}WEBP/s, "a WebP image: save it as PNG first"],
  [/^%PDF/, "a PDF document"],
  [/^version https:\/\/git-lfs/, "a pointer of Git LFS, not the file itself: fetch it with git lfs pull"],
  [/^(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body)/i, "a web page, perhaps from a failed download"],
  [/^(\xef\xbb\xbf)?\s*<(\?xml|[a-z]+[ >])/i, "an XML file"],
  [/^(\xef\xbb\xbf)?\s*[{[]\s*["{[\]}\d]/, "a JSON file"],
];

/** What a file is by its first bytes, such as `an xz file: unpack it first`; `undefined` if that is not known. */
export function foreignKind(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return "empty";
  const head = Array.from(bytes.subarray(0, 300), (byte) => String.fromCharCode(byte)).join("");
  return BEGINNINGS.find(([begins]) => begins.test(head))?.[1];
}
