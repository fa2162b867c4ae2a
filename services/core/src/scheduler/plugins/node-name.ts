import { type Filter, fits } from "./plugin.ts"

/** A pod may name its node itself. */
export const nodeName: Filter = ({ pod }, node) =>
  !pod.spec.nodeName || pod.spec.nodeName === node.name ? fits : ["node(s) didn't match the requested node name"]
