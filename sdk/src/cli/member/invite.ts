import { createHash, randomBytes, X509Certificate } from "node:crypto"
import { Secret } from "../../api/core/secret.ts"
import { readMaterial } from "../../client/cluster-fetch.ts"
import { CommandError, type Context } from "../context.ts"

/** Groups by which whoever shows the token is let in as a member, and as nothing else. */
const joinersGroup = "system:bootstrappers:control-plane"
const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"

/** Makes a token with which hosts may join until it expires, and prints the command for them. */
export async function invite(context: Context, lifetimeMs: number): Promise<void> {
  const { client, config, server } = await context.connect()
  const authorityPem = await readMaterial(config.certificateAuthority)
  if (authorityPem === undefined) {
    throw new CommandError("the kubeconfig names no authority, by which hosts that join would know the cluster")
  }
  const id = letters(6)
  const secret = letters(16)
  const expiration = new Date(context.clock.now() + lifetimeMs).toISOString().replace(/\.\d+Z$/, "Z")
  await client.create(Secret, {
    metadata: { name: `bootstrap-token-${id}`, namespace: "kube-system" },
    type: "bootstrap.kubernetes.io/token",
    stringData: {
      "token-id": id,
      "token-secret": secret,
      expiration,
      "usage-bootstrap-authentication": "true",
      "auth-extra-groups": joinersGroup,
      description: "for control-plane hosts to join with, by wick member invite",
    },
  })
  const token = `${id}.${secret}.${authorityHash(authorityPem)}`
  context.err(`good until ${expiration}, on a host whose address is ADDRESS:\n`)
  context.out(`wick up --join ${server} --token ${token} --api ADDRESS:6443 --peer ADDRESS:2380\n`)
}

/** Of the authority's public key: whoever joins shows the token to nobody else. */
function authorityHash(pem: string): string {
  const key = new X509Certificate(pem).publicKey.export({ type: "spki", format: "der" })
  return createHash("sha256").update(key).digest("hex")
}

/** 36 letters and 256 values of a byte: those beyond the last whole round are thrown away, so that all are as likely. */
function letters(count: number): string {
  let text = ""
  while (text.length < count) {
    for (const byte of randomBytes(count)) {
      if (byte < 252 && text.length < count) text += alphabet[byte % alphabet.length]
    }
  }
  return text
}
