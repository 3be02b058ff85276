/** The part of brittle's interface that the tests use; the package ships no types. */
declare module 'brittle' {
  export interface TestOptions {
    /** Milliseconds before a stalling test ends; 30000 by default. */
    timeout?: number
    solo?: boolean
    skip?: boolean
    todo?: boolean
    hook?: boolean
    stealth?: boolean
  }

  type ErrorMatch = RegExp | string | (new (...args: never[]) => unknown) | ((error: unknown) => boolean) | object
  type Executable = (() => unknown) | Promise<unknown>

  interface Compare {
    (actual: unknown, expected: unknown, message?: string): boolean
    coercively(actual: unknown, expected: unknown, message?: string): boolean
  }

  interface Exception {
    /** Fails on native errors (TypeError, RangeError and so on): those are for `all`. */
    (run: Executable, message?: string): Promise<boolean>
    (run: Executable, error: ErrorMatch, message?: string): Promise<boolean>
    all(run: Executable, message?: string): Promise<boolean>
    all(run: Executable, error: ErrorMatch, message?: string): Promise<boolean>
  }

  export interface Assert {
    readonly name: string
    readonly passes: number
    readonly fails: number
    readonly assertions: number
    is: Compare
    not: Compare
    alike: Compare
    unlike: Compare
    exception: Exception
    ok(value: unknown, message?: string): boolean
    absent(value: unknown, message?: string): boolean
    pass(message?: string): boolean
    fail(message?: string): boolean
    /** Resolves to the milliseconds it took. */
    execution(run: Executable, message?: string): Promise<number>
    plan(assertions: number): void
    timeout(ms: number): void
    comment(...message: unknown[]): void
    end(): void
    teardown(fn: () => unknown, options?: { order?: number; force?: boolean }): void
    /** A new temporary folder, removed after the test. */
    tmp(): Promise<string>
    test: TestFunction
  }

  /** An inverted test: assertions are made on it, awaiting it waits for its plan or its `end()`. */
  export type InvertedTest = Assert & Promise<boolean>

  type TestBody = (t: Assert) => unknown

  export interface TestFunction {
    (name: string, options: TestOptions, body: TestBody): Promise<boolean>
    (name: string, body: TestBody): Promise<boolean>
    (body: TestBody): Promise<boolean>
    (name?: string, options?: TestOptions): InvertedTest
  }

  export interface Test extends TestFunction {
    solo: TestFunction
    skip: TestFunction
    todo: TestFunction
    hook: TestFunction
    test: Test
    configure: (options: {
      timeout?: number
      bail?: boolean
      solo?: boolean
      source?: boolean
      coverage?: boolean
    }) => void
  }

  export const test: Test
  export const solo: TestFunction
  export const skip: TestFunction
  export const todo: TestFunction
  export const hook: TestFunction
  export const configure: Test['configure']
  export default test
}
