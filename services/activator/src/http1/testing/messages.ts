import type { Random } from "@wick/sdk/clock"

const methods = ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"]
const targets = ["/", "/a?b=c", "/%20;x", "*", "http://a.test/b"]
const statuses = ["200 OK", "404 Not Found", "200 ", "204 No Content", "304 x", "500 \xe9", "999 x", "206"]
const plainFields = [
  "host: a.test",
  "X-A:b",
  "x-a: \t c d \t",
  "empty:",
  "date: now \xe9",
  "Connection: keep-alive",
  "te: x",
]
const lastFields = ["connection: close", "Connection: x, Close"]
const extensions = ["", "", ";a", ";a=b", ';a="b"']

/** What makes one message look like two, or two readers see two different ones. */
const tricks = [
  ...'\r\n\0\t :;,+-0135xX\x0b\x7f\x80\xa0\xff"',
  "\r\n",
  "\n\n",
  "\r\n\r\n",
  "\r\r\n",
  "\r\n ",
  "\r\n\t",
  "0\r\n\r\n",
  "00",
  "chunked",
  "identity",
  "gzip, chunked",
  "HTTP/1.0",
  "HTTP/1.1",
  "HTTP/2.0",
  "\r\ncontent-length: 3",
  "\r\ncontent-length:",
  "\r\nContent-Length: 0",
  "\r\ntransfer-encoding: chunked",
  "\r\nTransfer-Encoding:",
  "\r\nconnection: close",
  "\r\nconnection: upgrade\r\nupgrade: x",
  "\r\nexpect: 100-continue",
  "Transfer-Encoding",
  "GET / HTTP/1.1\r\n\r\n",
  "HTTP/1.1 200 OK\r\n\r\n",
  "HTTP/1.1 100 Continue\r\n\r\n",
]

/** One to three requests on a connection, as the words that they are made of. */
export function requests(random: Random): string[] {
  const words: string[] = []
  const count = 1 + random.below(3)
  for (let left = count - 1; left >= 0; left--) {
    if (random.below(8) === 0) words.push("\r\n")
    words.push(pick(methods, random), " ", pick(targets, random), " ", "HTTP/1.1", "\r\n", ...fields(random))
    if (left === 0 && random.below(4) === 0) words.push(pick(lastFields, random), "\r\n")
    words.push(...body(random, ["none", "counted", "chunked"]))
  }
  return words
}

/** An answer that ends with its connection, with those that may come before it. */
export function answer(random: Random): string[] {
  const words: string[] = []
  for (let left = random.below(3) - 1; left > 0; left--) words.push("HTTP/1.1 103 x\r\n", ...fields(random), "\r\n")
  const status = pick(statuses, random)
  words.push(random.below(5) === 0 ? "HTTP/1.0" : "HTTP/1.1", " ", status, "\r\n", ...fields(random))
  const hasBody = !status.startsWith("204") && !status.startsWith("304")
  words.push(...body(random, hasBody ? ["counted", "chunked", "rest"] : ["none"]))
  return words
}

/** The same words with a few of them changed. */
export function tampered(words: readonly string[], random: Random): string {
  const changed = [...words]
  for (let left = 1 + random.below(3); left > 0; left--) {
    const at = random.below(changed.length)
    const word = changed[at] ?? ""
    const cut = random.below(word.length + 1)
    const put = pick(random.below(3) === 0 ? words : tricks, random)
    switch (random.below(5)) {
      case 0:
        changed[at] = put
        break
      case 1:
        changed[at] = word.slice(0, cut) + put + word.slice(cut)
        break
      case 2:
        changed[at] = word.slice(0, cut) + word.slice(cut + 1)
        break
      case 3:
        changed.splice(at, 1 + random.below(2))
        break
      default:
        changed.splice(at, 0, put)
    }
  }
  return changed.join("")
}

function fields(random: Random): string[] {
  const words: string[] = []
  for (let left = random.below(4); left > 0; left--) {
    const [name = "", value = ""] = pick(plainFields, random).split(/(?<=:)(.*)/s)
    words.push(name, value, "\r\n")
  }
  return words
}

/** Its last field, the empty line, and what follows. */
function body(random: Random, kinds: readonly ("none" | "counted" | "chunked" | "rest")[]): string[] {
  const text = "0\r\n\r\nGET / HTTP/1.1\r\n\r\n".slice(0, random.below(24))
  switch (pick(kinds, random)) {
    case "none":
      return ["\r\n"]
    case "rest":
      return ["\r\n", text]
    case "counted":
      return [pick(["content-length", "Content-Length"], random), ":", " ", `${text.length}`, "\r\n", "\r\n", text]
    default:
      return [
        "Transfer-Encoding",
        ":",
        " ",
        pick(["chunked", "Chunked"], random),
        "\r\n",
        "\r\n",
        ...chunks(text, random),
      ]
  }
}

function chunks(text: string, random: Random): string[] {
  const words: string[] = []
  for (let at = 0; at < text.length; ) {
    const piece = text.slice(at, at + 1 + random.below(12))
    const size = piece.length.toString(16)
    words.push(pick(["", "0", "00"], random), random.below(2) === 0 ? size : size.toUpperCase())
    words.push(pick(extensions, random), "\r\n", piece, "\r\n")
    at += piece.length
  }
  words.push("0", pick(extensions, random), "\r\n")
  if (random.below(4) === 0) words.push("X-T", ":", " ", "t", "\r\n")
  return [...words, "\r\n"]
}

function pick<T>(choices: readonly T[], random: Random): T {
  return choices[random.below(choices.length)] as T
}
