/**
 * Where the environment tells Node itself to use its proxy (`NODE_USE_ENV_PROXY`), Node asks pods, and Wick's own processes,
 * through it too; nobody reaches them so. Registries alone are asked through a proxy (`oci/proxy-environment.ts`): all
 * else is direct, of this process and of those that it starts.
 */
export function connectDirectly(env: NodeJS.ProcessEnv): void {
  if (env.NODE_USE_ENV_PROXY !== "1") return
  process.getBuiltinModule("node:http").setGlobalProxyFromEnv({ http_proxy: "http://localhost", no_proxy: "*" })
  delete env.NODE_USE_ENV_PROXY
}
