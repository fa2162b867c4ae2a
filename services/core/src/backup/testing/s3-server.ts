import { createHash, createHmac } from "node:crypto"
import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

export const credentials = { accessKeyId: "AKIATEST", secretAccessKey: "secret+/=", sessionToken: undefined }
/** Names on one page of a list: few, so that a test has several. */
const pageSize = 3

export interface S3Server extends AsyncDisposable {
  readonly url: string
  readonly objects: Map<string, Buffer>
  /** While true, everything is answered with 503. */
  fails: boolean
  readonly refusals: string[]
}

/**
 * So much of S3 as a backup needs, with one bucket `bucket`. Written from the description of signature version 4 and
 * sharing nothing with who signs: a request whose signature, date or body is not right is refused.
 */
export async function startS3(): Promise<S3Server> {
  const objects = new Map<string, Buffer>()
  const state = { fails: false, refusals: [] as string[] }
  const server = createServer((request, response) => {
    void body(request).then((bytes) => {
      if (state.fails) return void response.writeHead(503).end("<Error><Code>SlowDown</Code></Error>")
      const refusal = refusalOf(request, bytes)
      if (refusal === undefined) return answer(request, bytes, objects, response)
      state.refusals.push(refusal)
      response.writeHead(403).end(`<Error><Code>${refusal}</Code></Error>`)
    })
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    get fails() {
      return state.fails
    },
    set fails(value) {
      state.fails = value
    },
    refusals: state.refusals,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, "close")
    },
  }
}

async function body(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function refusalOf({ method = "", url = "", headers }: IncomingMessage, bytes: Buffer): string | undefined {
  const sha256 = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex")
  const [, id, day = "", region = "", names = "", signature] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w+)$/.exec(
      headers.authorization ?? "",
    ) ?? []
  if (id !== credentials.accessKeyId) return "InvalidAccessKeyId"
  if (headers["x-amz-content-sha256"] !== sha256(bytes)) return "XAmzContentSHA256Mismatch"
  const date = String(headers["x-amz-date"])
  if (!date.startsWith(day) || !names.split(";").includes("x-amz-content-sha256")) return "AuthorizationHeaderMalformed"
  const { pathname, searchParams } = new URL(url, "http://host")
  const query = [...searchParams].map(([name, value]) => `${escaped(name)}=${escaped(value)}`).toSorted()
  const signed = names.split(";").map((name) => `${name}:${String(headers[name]).trim()}\n`)
  const path = pathname.split("/").map((part) => escaped(decodeURIComponent(part)))
  const canonical = [method, path.join("/"), query.join("&"), signed.join(""), names, sha256(bytes)].join("\n")
  const toSign = ["AWS4-HMAC-SHA256", date, `${day}/${region}/s3/aws4_request`, sha256(canonical)].join("\n")
  const steps = [day, region, "s3", "aws4_request", toSign]
  const mac = steps.reduce<Buffer | string>(
    (key, text) => createHmac("sha256", key).update(text).digest(),
    `AWS4${credentials.secretAccessKey}`,
  )
  return Buffer.from(mac).toString("hex") === signature ? undefined : "SignatureDoesNotMatch"
}

function escaped(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

function answer(
  { method, url = "" }: IncomingMessage,
  bytes: Buffer,
  objects: Map<string, Buffer>,
  response: ServerResponse,
): void {
  const { pathname, searchParams } = new URL(url, "http://host")
  const [, bucket, ...rest] = decodeURIComponent(pathname).split("/")
  const key = rest.join("/")
  if (bucket !== "bucket") return void response.writeHead(404).end("<Error><Code>NoSuchBucket</Code></Error>")
  if (method === "PUT") {
    objects.set(key, bytes)
    return void response.end()
  }
  if (method === "DELETE") {
    objects.delete(key)
    return void response.writeHead(204).end()
  }
  if (key !== "") {
    const found = objects.get(key)
    if (found) response.end(found)
    else response.writeHead(404).end("<Error><Code>NoSuchKey</Code></Error>")
    return
  }
  const after = searchParams.get("continuation-token") ?? ""
  const keys = [...objects.keys()].filter((name) => name.startsWith(searchParams.get("prefix") ?? "")).toSorted()
  const page = keys.filter((name) => name > after).slice(0, pageSize)
  const more = page.length > 0 && page.at(-1) !== keys.at(-1)
  const contents = page.map((name) => `<Contents><Key>${name.replaceAll("&", "&amp;")}</Key></Contents>`).join("")
  const token = more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : ""
  response.end(
    `<?xml version="1.0"?><ListBucketResult xmlns="x"><IsTruncated>${more}</IsTruncated>${contents}${token}</ListBucketResult>`,
  )
}
