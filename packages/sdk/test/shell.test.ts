import { contract } from './contract.ts';
import { shell } from './languages.ts';

contract(shell);
