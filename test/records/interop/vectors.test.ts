/** The vectors are what the package makes today: without this the other tests would compare with a memory of it. */
import test from 'brittle'
import { loadVectors } from '../../vectors/load.js'
import { makeVectors, type StorageVectors } from './hyperdht-vectors.js'

test('hyperdht storage: the vectors are what the package makes', (t) => {
  t.alike(loadVectors<StorageVectors>('hyperdht-storage'), makeVectors())
})
