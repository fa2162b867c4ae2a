/**
 * Pure: `$(NAME)` stands for a variable that is known, `$$` for one dollar sign; what names no known variable stays as
 * it is, so that `$(pwd)` in a script survives.
 */
export function expand(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(/\$(?:\$|\(([^()]*)\))/g, (match, name: string | undefined) => {
    if (match === "$$") return "$"
    return variables.get(name ?? "") ?? match
  })
}
