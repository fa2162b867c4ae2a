import { generateKeyPairSync, X509Certificate } from "node:crypto"
import { existsSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { CommandError, type Context, exitCodes } from "../context.ts"
import { formatAge } from "../duration.ts"
import { bind, checkGrant, parseGrant } from "./access.ts"
import { issueUserCertificate } from "./certificate.ts"
import { certificateRequest } from "./certificate-request.ts"
import { checkIdentity } from "./identity.ts"
import { userKubeconfig } from "./user-kubeconfig.ts"

export interface CreateOptions {
  readonly group?: readonly string[]
  readonly role?: readonly string[]
  readonly namespace?: string
  readonly expires: number
  readonly output?: string
}

/** Nothing is made before all that can be known to be wrong has been looked at. */
export async function createUser(context: Context, name: string, options: CreateOptions): Promise<void> {
  const { group: groups = [], expires, output } = options
  checkIdentity(name, groups, expires)
  const grants = (options.role ?? []).map((role) => parseGrant(role, options.namespace))
  if (output !== undefined && existsSync(output)) {
    throw new CommandError(`--output ${output}: there is such a file, and it is left alone`, undefined, exitCodes.usage)
  }
  const { client, config, namespace } = await context.connect()
  for (const grant of grants) await checkGrant(client, grant)
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const requestPem = certificateRequest({ commonName: name, organizations: groups }, keys)
  const certificatePem = await issueUserCertificate(context, client, { user: name, requestPem, expiresMs: expires })
  for (const grant of grants) context.err(`${name} has ${await bind(client, name, grant)}\n`)
  const text = await userKubeconfig({
    cluster: config,
    user: name,
    namespace: options.namespace ?? grants.find((grant) => grant.namespace)?.namespace ?? namespace,
    certificatePem,
    privateKeyPem: keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  })
  if (output === undefined) context.out(text)
  else await writeFile(output, text, { mode: 0o600, flag: "wx" })
  const { validTo } = new X509Certificate(certificatePem)
  const left = formatAge(Date.parse(validTo) - context.clock.now())
  context.err(`the certificate of ${name} ends in ${left}${output === undefined ? "" : `; written to ${output}`}\n`)
}
