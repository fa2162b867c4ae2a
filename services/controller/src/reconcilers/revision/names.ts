import { childName } from "../../child-name.ts"

export const deploymentName = (revision: string): string => childName(revision, "-deployment")
export const podAutoscalerName = (revision: string): string => revision
export const imageName = (revision: string, container: string): string =>
  childName(childName(revision, "-cache"), `-${container}`)
