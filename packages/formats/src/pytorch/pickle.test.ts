import { expect, test } from 'vitest'
import { PickleGlobal, readPickle } from './pickle.ts'
import { PyTorchError } from './pytorch-error.ts'

const pair = new PickleGlobal('lib.pair', ([a, b]) => ({ a, b }))
const constant = new PickleGlobal('lib.constant')
const read = (text: string) =>
  readPickle(Buffer.from(text, 'latin1'), {
    globals: new Map([
      ['lib.pair', pair],
      ['lib.constant', constant],
    ]),
    persistent: (id) => ({ id }),
  })

// Bytes of Python: pickle.dumps(value, protocol) of 3.12, and pickletools.dis for the opcodes.
test.each<[string, string, unknown]>([
  ['None', '\x80\x02N.', null],
  ['-1', '\x80\x02J\xff\xff\xff\xff.', -1],
  ['255 and 65535', '\x80\x02K\xffM\xff\xff\x86.', [255, 65535]],
  ['2 ** 40', '\x80\x02\x8a\x06\0\0\0\0\0\x01.', 2 ** 40],
  ['2 ** 62', '\x80\x02\x8a\x08\0\0\0\0\0\0\0@.', 2n ** 62n],
  ['-2', '\x80\x02\x8a\x01\xfe.', -2],
  ['0', '\x80\x02\x8a\0.', 0],
  ['1.5', '\x80\x02G?\xf8\0\0\0\0\0\0.', 1.5],
  ["'é'", '\x80\x02X\x02\0\0\0\xc3\xa9q\0.', 'é'],
  ['[1, [True]]', '\x80\x02]q\0(K\x01]q\x01\x88ae.', [1, [true]]],
  ['()', '\x80\x02).', []],
  ['a tuple of four', '\x80\x02(K\x01K\x02K\x03K\x04tq\0.', [1, 2, 3, 4]],
  ["{'a': 1}", '\x80\x02}q\0X\x01\0\0\0aq\x01K\x01s.', new Map([['a', 1]])],
  [
    "{'a': 1, 2: None} of protocol 4",
    '\x80\x04\x95\x0e\0\0\0\0\0\0\0}\x94(\x8c\x01a\x94K\x01K\x02Nu.',
    new Map<unknown, unknown>([
      ['a', 1],
      [2, null],
    ]),
  ],
  ['what was memoized', '\x80\x02]q\0h\0\x86.', [[], []]],
  ['a call', '\x80\x02clib\npair\nq\0K\x01K\x02\x86Rq\x01.', { a: 1, b: 2 }],
  ['a call of protocol 4', '\x80\x04\x8c\x03lib\x8c\x04pair\x93K\x01K\x02\x86R.', { a: 1, b: 2 }],
  ['what lies elsewhere', '\x80\x02K\x07Q.', { id: 7 }],
  ['attributes of a dict', '\x80\x02}K\x01b.', new Map()],
])('%s', (_, text, value) => expect(read(text)).toEqual(value))

test.each<[string, string, string]>([
  ['nothing', '', 'the pickle ends in the middle of a value, at byte 0 of data.pkl.'],
  ['no end', '\x80\x02N', 'the pickle ends in the middle of a value'],
  ['bytes behind the end', '\x80\x02N.N', '1 bytes follow the end of the pickle'],
  ['two values', '\x80\x02NN.', 'the pickle ends with 2 values, expected one'],
  ['no value', '\x80\x02.', 'the pickle ends with 0 values, expected one'],
  ['protocol 1', '\x80\x01N.', 'it is of protocol 1, expected 2 to 5'],
  [
    'another name',
    '\x80\x02cos\nsystem\n.',
    'it names os.system, and tensors, numbers, texts, lists and dicts alone are read',
  ],
  ['a name of the prototype', '\x80\x02c__proto__\nconstructor\n.', 'it names __proto__.constructor'],
  ['a name without an end', `\x80\x02c${'a'.repeat(2000)}`, 'a name has no end'],
  ['a call of a text', '\x80\x02U\x01a)R.', 'expected the name of a function to call, got "a"'],
  ['a call of what is no function', '\x80\x02clib\nconstant\n)R.', 'lib.constant is called, and is no function'],
  ['a call without a tuple', '\x80\x02clib\npair\nK\x01R.', 'lib.pair: expected a tuple of arguments, got 1'],
  [
    'a class',
    '\x80\x02clib\npair\n)\x81.',
    'the opcode NEWOBJ, which makes an object of any class is refused, at byte 13',
  ],
  ['an opcode that there is not', '\x80\x02\xff.', '0xff is no opcode, at byte 2'],
  ['attributes of a number', '\x80\x02K\x01K\x02b.', 'attributes are set of 1, expected of a dict alone'],
  ['an empty stack', '\x80\x02a.', 'there is nothing to take from the stack'],
  ['values below a mark', '\x80\x02]N(a.', 'there is nothing to take from the stack'],
  ['no mark', '\x80\x02]e.', 'there is no mark on the stack'],
  ['a mark that stays', '\x80\x02N(.', 'the pickle ends with 1 values, expected one'],
  ['a memo that is not there', '\x80\x02h\x07.', 'there is no value 7 to take again'],
  ['an odd dict', '\x80\x02}(K\x01u.', 'a dict has a key without a value'],
  ['a dict by lists', '\x80\x02}]K\x01s.', 'a key of a dict is [], expected a text or a number'],
  ['items of a list', '\x80\x02]K\x01K\x01s.', 'expected a dict to set items of, got []'],
  ['more of a tuple', '\x80\x02)K\x01a.', 'expected a list to append to, got []'],
  ['an integer of 255 bytes', `\x80\x02\x8a\xff${'\x01'.repeat(255)}.`, 'an integer has 255 bytes, expected at most 8'],
  ['a text longer than the file', '\x80\x02X\xff\xff\xff\xffa.', 'the pickle ends in the middle of a value'],
  [
    'a text of 2^63 bytes',
    '\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x7fa.',
    'the pickle ends in the middle of a value',
  ],
  ['a text that is not UTF-8', '\x80\x02X\x01\0\0\0\xff.', 'a text is not UTF-8'],
])('%s is refused', (_, text, message) => {
  expect(() => read(text)).toThrow(PyTorchError)
  expect(() => read(text)).toThrow(message)
})

test('lists that are a million deep, or in a circle, are values like others', () => {
  expect(read(`\x80\x02${']'.repeat(1_000_000)}${'a'.repeat(999_999)}.`)).toHaveLength(1)
  const circle = read('\x80\x02]q\0h\0a.')
  expect(Array.isArray(circle) && circle[0] === circle).toBe(true)
})
