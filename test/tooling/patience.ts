/**
 * What a browser loads before each test file: a page computes the same several times slower than a program, so one test may
 * take longer there than brittle's 30 s. The runner's limit is on whole files, and finds what hangs.
 */
import { configure } from 'brittle'

configure({ timeout: 150_000 })
