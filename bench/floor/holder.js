// The floor's idle agent: Node, and one WebSocket that is open. Not TypeScript: stripping types takes memory of its own.
import { WebSocket } from 'ws';

const ws = new WebSocket(process.argv[2], { perMessageDeflate: false });
ws.on('open', () => console.log('open'));
