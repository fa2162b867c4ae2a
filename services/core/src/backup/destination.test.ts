import { chmod, mkdtemp, readdir, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { beforeEach, describe, expect, it, onTestFinished } from "vitest"
import { readCredentials } from "./credentials.ts"
import { type Destination, openDestination, readPlace } from "./destination.ts"
import { openBucket } from "./s3-destination.ts"
import { readListing } from "./s3-listing.ts"
import { credentials, startS3 } from "./testing/s3-server.ts"

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "wick-place-"))
  onTestFinished(() => rm(directory, { recursive: true }))
})

async function openS3(prefix = "a prefix/") {
  const server = await startS3()
  onTestFinished(() => server[Symbol.asyncDispose]())
  const place = { kind: "s3", bucket: "bucket", prefix, endpoint: server.url, region: "eu-1" } as const
  return { server, place, destination: openBucket(place, credentials) }
}

const makers: [name: string, make: () => Promise<Destination>][] = [
  ["a directory", () => openDestination({ kind: "directory", path: join(directory, "new", "place") }, undefined)],
  ["a bucket", async () => (await openS3()).destination],
]

const elsewhere = process.env.WICK_BACKUP_BUCKET
if (elsewhere !== undefined) {
  const place = elsewhere.replace("?", `/names-${Date.now()}?`)
  makers.push([`the bucket ${elsewhere}`, () => openDestination(readPlace(place), undefined)])
}

describe.each(makers)("%s", (_, make) => {
  it("gives back what was put there, by its name, until it is removed", async () => {
    const destination = await make()
    expect(await destination.list()).toEqual([])
    const names = ["archive/c/1", "archive/c/2", "keys/3", "snapshots/c/4/1", "snapshots/c/4/2-final"]
    for (const name of names) await destination.put(name, Buffer.from(name))
    await destination.put("keys/3", Buffer.from("again"))
    expect((await destination.list()).toSorted()).toEqual(names)
    expect((await destination.get("archive/c/2")).toString()).toBe("archive/c/2")
    expect((await destination.get("keys/3")).toString()).toBe("again")
    await destination.remove("keys/3")
    await destination.remove("keys/3")
    await expect(destination.get("keys/3")).rejects.toThrow("keys/3 is not there")
    expect(await destination.list()).not.toContain("keys/3")
  })
})

describe("a directory", () => {
  it("shows no file that is not yet written whole", async () => {
    const destination = await openDestination({ kind: "directory", path: directory }, undefined)
    await writeFile(join(directory, "half.tmp"), "x")
    expect(await destination.list()).toEqual([])
    await destination.put("whole", Buffer.from("x"))
    expect((await readdir(directory)).toSorted()).toEqual(["half.tmp", "whole"])
  })
})

describe("a bucket", () => {
  it("takes only requests that are signed with the right key, and the reason is told without it", async () => {
    const { server, place, destination } = await openS3()
    const wrong = openBucket(place, { ...credentials, secretAccessKey: "another secret" })
    const error = await wrong.put("x", Buffer.from("x")).catch((failed: Error) => failed)
    expect(String(error)).toMatch(/PUT .* was answered with 403: .*SignatureDoesNotMatch/)
    expect(String(error)).not.toContain("another secret")
    expect(server.refusals).toEqual(["SignatureDoesNotMatch"])
    await destination.put("x", Buffer.from("x"))
    expect([...server.objects.keys()]).toEqual(["a prefix/x"])
  })

  it("that fails is an error, and not tried again at once", async () => {
    const { server, destination } = await openS3("")
    server.fails = true
    await expect(destination.list()).rejects.toThrow("was answered with 503")
    server.fails = false
    expect(await destination.list()).toEqual([])
  })

  it("that is not there is told by its name", async () => {
    const { place } = await openS3()
    const other = openBucket({ ...place, bucket: "other" }, credentials)
    await expect(other.put("x", Buffer.alloc(1))).rejects.toThrow("bucket other is not there")
  })

  it("lists names with characters that XML writes otherwise", () => {
    const xml = "<ListBucketResult><Key>a&amp;b&#x20;&#233;</Key><IsTruncated>false</IsTruncated></ListBucketResult>"
    expect(readListing(xml)).toEqual({ keys: ["a&b é"], next: undefined })
    expect(() => readListing("<html>")).toThrow("answered with something else")
  })
})

describe("the place of a backup", () => {
  it.each([
    ["file:///var/backups/wick", { kind: "directory", path: "/var/backups/wick" }],
    ["s3://b", { kind: "s3", bucket: "b", prefix: "", endpoint: undefined, region: "us-east-1" }],
    [
      "s3://b/a/c/?endpoint=https://minio:9000&region=eu",
      { kind: "s3", bucket: "b", prefix: "a/c/", endpoint: "https://minio:9000", region: "eu" },
    ],
  ])("is read from %s", (text, place) => {
    expect(readPlace(text)).toEqual(place)
  })

  it.each([
    ["/var/backups", "is no address"],
    ["http://host/x", "http: is not known"],
    ["file:///", "names no directory"],
    ["s3:///x", "names no bucket"],
    ["s3://b?endpoint=minio", "endpoint minio is no address"],
    ["s3://b?secret=x", "secret is not known"],
  ])("is refused when it is %s, saying what would be right", (text, why) => {
    expect(() => readPlace(text)).toThrow(why)
    expect(() => readPlace(text)).toThrow("must be file:///directory or s3://bucket/prefix")
  })

  it("holds no credentials, and does not tell those that it was given", () => {
    expect(() => readPlace("s3://id:hidden@b")).toThrow(/^(?!.*hidden).*do not belong in the address/)
  })
})

describe("credentials", () => {
  it("come from a file that only its owner reads, or from the environment", async () => {
    const path = join(directory, "credentials")
    await writeFile(path, "[default]\naws_access_key_id = id\naws_secret_access_key=secret\n", { mode: 0o600 })
    expect(await readCredentials(path)).toEqual({
      accessKeyId: "id",
      secretAccessKey: "secret",
      sessionToken: undefined,
    })
    const env = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b", AWS_SESSION_TOKEN: "c" }
    expect(await readCredentials(undefined, env)).toEqual({ accessKeyId: "a", secretAccessKey: "b", sessionToken: "c" })
    await chmod(path, 0o644)
    await expect(readCredentials(path)).rejects.toThrow(`${path} can be read by others: chmod 600`)
    await expect(readCredentials(join(directory, "none"))).rejects.toThrow("cannot be read: ENOENT")
    await expect(readCredentials(undefined, {})).rejects.toThrow("no credentials for the backup")
  })
})
