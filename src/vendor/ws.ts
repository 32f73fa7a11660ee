/** @internal */
export { WebSocket, WebSocketServer } from "ws"
