import { existsSync } from "node:fs"
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { oldKubectl, runKubectl } from "./testing/kubectl.ts"
import { type SecureTestApi, startSecureTestApi } from "./testing/start-secure.ts"
import { type Story, stories } from "./testing/walk.ts"

/** Stories told with two kubectls, years apart, each story in a namespace of its own and so at the same time. */
let api: SecureTestApi

beforeAll(async () => {
  api = await startSecureTestApi()
  await mkdir(join(api.directory, "kustom"))
  const kustomization =
    "namePrefix: k-\ngeneratorOptions: {disableNameSuffixHash: true}\nconfigMapGenerator:\n- {name: gen, literals: [a=1]}\n"
  await writeFile(join(api.directory, "kustom", "kustomization.yaml"), kustomization)
  await writeFile(join(api.directory, "editor"), "#!/bin/sh\nsed -i 's/a: .*/a: edited/' \"$1\"\n", { mode: 0o755 })
  const { certificatePem, privateKeyPem } = await api.pki.issueClient("x", [])
  await writeFile(join(api.directory, "tls.crt"), certificatePem)
  await writeFile(join(api.directory, "tls.key"), privateKeyPem)
})
afterAll(() => api[Symbol.asyncDispose]())

const versions = [
  { version: "new", program: "kubectl" },
  { version: "old", program: oldKubectl },
] as const

describe.each(versions)("a kubectl that is $version", ({ version, program }) => {
  const missing = version === "old" && !existsSync(program)
  it.skipIf(missing).concurrent.each(stories)("$title", (story) => tell(story, version, program))
})

async function tell({ name, steps }: Story, version: "new" | "old", program: string): Promise<void> {
  const namespace = `${name}-${version}`
  const options = { program, env: { EDITOR: join(api.directory, "editor") } }
  const filled = (text: string): string => text.replaceAll("{ns}", namespace).replaceAll("{dir}", api.directory)
  for (const first of [`create namespace ${namespace}`, `create serviceaccount default -n ${namespace}`])
    expect(await runKubectl(api, first, options)).toMatchObject({ code: 0 })
  for (const { run, says, code = 0, input = "", since } of steps) {
    if (since === "new" && version === "old") continue
    const command = ["--namespace", namespace, ...(typeof run === "string" ? run.split(" ") : run)].map(filled)
    const ran = await runKubectl(api, command, { ...options, input: filled(input) })
    const said = [ran.out, ran.err].filter(Boolean).join("\n")
    expect({ run, said, code: ran.code }).toEqual({
      run,
      said: typeof says === "string" ? filled(says) : expect.stringMatching(says),
      code,
    })
  }
}
