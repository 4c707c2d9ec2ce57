/** The first item of share `part` when `items` are divided among `parts`; its last is before the next share's first. */
export function shareStart(items: i32, part: i32, parts: i32): i32 {
  return <i32>((<i64>items * part) / parts)
}
