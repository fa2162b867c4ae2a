import { StringDecoder } from "node:string_decoder"

/** More than any message needs: who sends longer lines is no activator. */
const lineMaxLength = 4 * 1024 * 1024

/** Joins what arrives to lines. Returns false when a line is longer than it may be. */
export function lineReader(receive: (line: string) => void): (chunk: Buffer) => boolean {
  // A character may be cut in two by the end of a packet.
  const decoder = new StringDecoder("utf8")
  let begun = ""
  return (chunk) => {
    const lines = (begun + decoder.write(chunk)).split("\n")
    begun = lines.pop() ?? ""
    for (const line of lines) receive(line)
    return begun.length <= lineMaxLength
  }
}
