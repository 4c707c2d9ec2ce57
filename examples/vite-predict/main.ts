import { classify } from './classify'

const input = document.querySelector('#photo') as HTMLInputElement
const answers = document.querySelector('#answers') as HTMLOListElement

input.addEventListener('change', async () => {
  const file = input.files?.[0]
  if (file === undefined) return
  const lines = await classify(file).catch((error: Error) => [`failed: ${error.message}`])
  answers.replaceChildren(...lines.map((text) => Object.assign(document.createElement('li'), { textContent: text })))
})
