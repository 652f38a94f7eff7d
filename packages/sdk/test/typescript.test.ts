import { contract, largeArguments } from './contract.ts';
import { typescript } from './languages.ts';

contract(typescript);
largeArguments(typescript);
