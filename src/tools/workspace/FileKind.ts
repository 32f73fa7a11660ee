/**
 * The kind of a file, recognized by its first bytes.
 *
 * @example
 * ```ts
 * import { FileKind } from "effixir/tools"
 *
 * // What a file is, in a few words.
 * const describe = (bytes: Uint8Array) => {
 *   const kind = FileKind.fromBytes(bytes)
 *   const isCutOff = kind?.image !== undefined && !FileKind.isWholeImage(bytes, kind.image)
 *   return `${kind?.name ?? "text"}, ${FileKind.size(bytes.length)}${isCutOff ? ", cut off" : ""}`
 * }
 * ```
 *
 * @since 0.1.0
 */
import * as Picture from "../../responses/Picture.ts"

/**
 * The name of the kind for a person; `image` is the media type of an image that a model can be shown.
 *
 * @since 0.1.0
 * @category models
 */
export interface FileKind {
  readonly name: string
  readonly image?: string
}

const ascii = (text: string) => Array.from(text, (letter) => letter.charCodeAt(0))

const kinds: ReadonlyArray<FileKind & { readonly magic: ReadonlyArray<number>; readonly at?: number }> = [
  { name: "PNG image", image: "image/png", magic: [0x89, ...ascii("PNG\r\n"), 0x1a, 0x0a] },
  { name: "JPEG image", image: "image/jpeg", magic: [0xff, 0xd8, 0xff] },
  { name: "GIF image", image: "image/gif", magic: ascii("GIF87a") },
  { name: "GIF image", image: "image/gif", magic: ascii("GIF89a") },
  { name: "WebP image", image: "image/webp", magic: ascii("WEBP"), at: 8 },
  { name: "PDF document", magic: ascii("%PDF-") },
  { name: "ZIP archive", magic: [...ascii("PK"), 3, 4] },
  { name: "gzip archive", magic: [0x1f, 0x8b] },
  { name: "xz archive", magic: [0xfd, ...ascii("7zXZ")] },
  { name: "Zstandard archive", magic: [0x28, 0xb5, 0x2f, 0xfd] },
  { name: "bzip2 archive", magic: ascii("BZh") },
  { name: "tar archive", magic: ascii("ustar"), at: 257 },
  { name: "ELF program", magic: [0x7f, ...ascii("ELF")] },
  { name: "Mach-O program", magic: [0xcf, 0xfa, 0xed, 0xfe] },
  { name: "Windows program", magic: ascii("MZ") },
  { name: "Java class", magic: [0xca, 0xfe, 0xba, 0xbe] },
  { name: "WebAssembly module", magic: [0, ...ascii("asm")] },
  { name: "SQLite database", magic: ascii("SQLite format 3\0") },
  { name: "text in UTF-16", magic: [0xff, 0xfe] },
  { name: "text in UTF-16", magic: [0xfe, 0xff] }
]

/**
 * The kind of a file that is not plain text, if it is one of the common ones.
 *
 * @since 0.1.0
 * @category decoding
 */
export const fromBytes = (bytes: Uint8Array): FileKind | undefined =>
  kinds.find(({ at = 0, magic }) => magic.every((byte, index) => bytes[at + index] === byte))

/**
 * Whether the end of an image is there. Servers refuse one that was cut off, and with it the whole conversation.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isWholeImage: (bytes: Uint8Array, type: string) => boolean = Picture.isWhole

/**
 * A number of bytes for a person.
 *
 * @since 0.1.0
 * @category encoding
 */
export const size = (bytes: number): string => {
  if (bytes < 1024) return `${bytes} bytes`
  const isKilo = bytes < 1024 * 1024
  return isKilo ? `${Math.round(bytes / 1024)} KB` : `${Math.round(bytes / 1024 / 1024)} MB`
}
