import type { Score } from "./plugin.ts"

/** Below this an image is pulled so fast that it does not matter; above the other one, nothing matters more. */
const bytesMin = 23 * 1024 * 1024
const bytesMax = 1000 * 1024 * 1024

/** Images of the pod that are on the node already need not be pulled. */
export const imageLocality: Score = ({ pod }, node) => {
  const present = pod.spec.containers.reduce((bytes, { image }) => bytes + (node.images.get(image ?? "") ?? 0), 0)
  const most = bytesMax * pod.spec.containers.length
  return (100 * (Math.min(Math.max(present, bytesMin), most) - bytesMin)) / (most - bytesMin)
}
