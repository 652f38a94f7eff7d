/** The check that answers are held by: what is wrong is found. */
import { expect, test } from 'vitest';
import { openApiDocument } from '../../src/http/openapi.ts';
import { Contract } from './contract.ts';

const contract = new Contract(openApiDocument());
const type = 'application/json; charset=utf-8';
const error = { code: 'NO_SUCH_RUN', message: 'there is no run 7' };

test('an answer as the document has it is right', () => {
  expect(contract.problems('run.submit', { status: 200, type, body: { run: 1 } })).toEqual([]);
  expect(contract.problems('run.submit', { status: 200, type, body: { run: 1, later: true } })).toEqual([]);
  expect(contract.problems('run.submit', { status: 404, type, body: { error } })).toEqual([]);
  expect(contract.problems('run.report', { status: 200, type: 'application/yaml; charset=utf-8' })).toEqual(
    [],
  );
  expect(contract.problems('run.events', { status: 204, type: '' })).toEqual([]);
  expect(contract.paramProblems('run.ps', { run: 1 })).toEqual([]);
});

test.for([
  ['no such operation', 'run.watch', { status: 200, type, body: {} }],
  ['a field that is missing', 'run.submit', { status: 200, type, body: {} }],
  ['a field of another type', 'run.submit', { status: 200, type, body: { run: '1' } }],
  ['a field deep within', 'nodes.list', { status: 200, type, body: { nodes: [{ name: '/' }], more: false } }],
  ['another content type', 'run.submit', { status: 200, type: 'text/plain', body: { run: 1 } }],
  ['an error without its code', 'run.submit', { status: 404, type, body: { error: { message: 'no' } } }],
  ['a body where there is none', 'run.events', { status: 204, type, body: {} }],
  ['an unknown status', 'readyz', { status: 500, type: 'text/plain' }],
] as const)('%s is found', ([, operation, answered]) => {
  expect(contract.problems(operation, answered)).not.toEqual([]);
});

test('parameters that are wrong are found', () => {
  expect(contract.paramProblems('run.ps', {})).not.toEqual([]);
  expect(contract.paramProblems('node.order', { nodes: [], order: 'drained', on: true })).not.toEqual([]);
});
