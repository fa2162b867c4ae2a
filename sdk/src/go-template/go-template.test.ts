import { describe, expect, it } from "vitest"
import { compileTemplate } from "./index.ts"

const data = {
  Name: "hello",
  Count: 3,
  Empty: "",
  Inner: { Path: '/a?b="c"' },
  Labels: new Map([["app", "web"]]),
}
const fill = (text: string): string => compileTemplate("t", text).execute(data)

describe("a template", () => {
  it.each([
    ["plain text, {{ .Name }}", "plain text, hello"],
    ["{{.Inner.Path}}", '/a?b="c"'],
    ["{{js .Inner.Path}}", '/a?b\\u003D\\"c\\"'],
    ["{{.Inner.Path | html}}", "/a?b=&#34;c&#34;"],
    ['{{index .Labels "app"}}{{index .Labels "none"}}', "web"],
    ["{{.Labels.none}}", "<no value>"],
    ['{{if .Empty}}a{{else if eq .Name "hello"}}b{{else}}c{{end}}d', "bd"],
    ["{{if (and .Name .Empty)}}a{{else}}b{{end}}", "b"],
    ["a {{- .Name -}} b", "ahellob"],
    ["{{/* nothing */}}x", "x"],
    ['{{printf "%s-%d %q" .Name .Count .Name}}', 'hello-3 "hello"'],
    ['{{ .Name | printf "%s/%s" "a" }}', "a/hello"],
    ["{{len .Labels}}{{not .Name}}", "1false"],
    ["{{$.Name}} {{`raw`}}", "hello raw"],
    ['{"a": {{.Count}}}', '{"a": 3}'],
  ])("%s gives %s", (text, filled) => expect(fill(text)).toBe(filled))

  it.each([
    ["{{.Name", "t:1: unclosed action"],
    ["a\n{{shout .Name}}", 't:2: function "shout" not defined'],
    ["{{if .Name}}", "unexpected EOF"],
    ["{{end}}", "unexpected {{end}}"],
    ["{{else}}", "unexpected {{else}}"],
    ["{{}}", "missing value for command"],
    ["{{(.Name}}", "unclosed left paren"],
    ["{{.Name %}}", 'unexpected "%" in command'],
  ])("%s is none", (text, message) => expect(() => compileTemplate("t", text)).toThrow(message))

  it("says which field is not there", () => {
    expect(() => fill("{{.Nome}}")).toThrow('executing "t" at <.Nome>: can\'t evaluate field Nome in type struct')
  })
})
