import { describeBackends } from '@ddnet/testing'
import { engine, ones, type Tensor, tensor } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { silu } from '../activation/smooth.ts'
import { add, mul } from '../array/arithmetic.ts'
import { grad } from '../autodiff/differentiate.ts'
import { type KernelObserver, observeKernels } from './observe-kernels.ts'

/** Notes kernels as a tree: `name`, or `name(…)` around those that it is composed of. */
function tree(): { observer: KernelObserver; text: () => string } {
  const parts: string[] = []
  return {
    observer: ({ kernelName }) => {
      parts.push(` ${kernelName}(`)
      return () => void parts.push(')')
    },
    text: () => parts.join('').replaceAll('()', '').trim(),
  }
}

describeBackends('observeKernels', () => {
  test('tells what runs, and what a composition is made of', () => {
    const x = tensor([1, 2])
    const { observer, text } = tree()
    const stop = observeKernels(observer)
    silu(x)
    stop()
    add(x, 1)
    expect(text()).toBe('silu( Sigmoid Multiply)')
  })

  test('tells of the backward pass too', () => {
    const names: string[] = []
    const x = tensor([1, 2])
    const stop = observeKernels(({ kernelName }) => void names.push(kernelName))
    grad((each: Tensor) => mul(each, 3))(x, ones([2]))
    stop()
    expect(names.filter((name) => name === 'Multiply')).toHaveLength(2) // y, and the gradient of x
  })

  test('gives inputs, attributes and results', () => {
    const [a, b] = [tensor([1]), tensor([2])]
    const seen: unknown[] = []
    const stop = observeKernels(
      ({ inputs }) =>
        (outputs) =>
          void seen.push(inputs, outputs),
    )
    const y = add(a, b)
    stop()
    expect(seen).toEqual([{ a, b }, [y]])
  })

  test('a kernel that throws is told to have no result, and the error passes', () => {
    const ends: unknown[] = []
    const stop = observeKernels(() => (outputs) => void ends.push(outputs))
    expect(() => engine().runKernel('None', {})).toThrow(/Kernel 'None' not registered/)
    stop()
    expect(ends).toEqual([undefined])
  })

  test('what an observer runs is not told to it', () => {
    const names: string[] = []
    const stop = observeKernels(({ kernelName, inputs }) => {
      names.push(kernelName)
      inputs['a']?.clone().dispose()
      return undefined
    })
    add(tensor([1]), 2)
    stop()
    expect(names).toEqual(['Add'])
  })

  test('the engine is as it was when the last observer has stopped, in whatever order', () => {
    const isPatched = (): boolean => Object.hasOwn(engine(), 'runKernel')
    const before = isPatched() // WebGPU's backend observes as long as it lives
    const told: string[] = []
    const observe = (who: string) =>
      observeKernels(() => {
        told.push(`${who} before`)
        return () => told.push(`${who} after`)
      })
    const [stopFirst, stopSecond] = [observe('first'), observe('second')]
    add(tensor([1]), 2)
    expect(told.splice(0)).toEqual(['first before', 'second before', 'second after', 'first after'])
    stopFirst()
    add(tensor([1]), 2)
    expect(told.splice(0)).toEqual(['second before', 'second after'])
    stopSecond()
    stopSecond()
    add(tensor([1]), 2)
    expect(told).toEqual([])
    expect(isPatched()).toBe(before)
  })

  test('what an observer throws is thrown in the place of the kernel, and the others are told', () => {
    const results: unknown[] = []
    const stopFirst = observeKernels(() => (outputs) => results.push(outputs))
    const stopSecond = observeKernels(() => {
      throw new Error('no further')
    })
    expect(() => add(tensor([1]), 2)).toThrow('no further')
    stopSecond()
    expect(results).toEqual([undefined])
    stopFirst()
  })
})
