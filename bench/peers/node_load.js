// node-smpp's client as a load: node node_load.js MODULE PORT N WINDOW; one JSON line.
const smpp = require(process.argv[2]);
const [port, n, window] = process.argv.slice(3).map(Number);
const text = Buffer.concat([Buffer.from('027000', 'hex'), Buffer.from(Array.from({ length: 137 }, (_, i) => i + 1))]);
const fields = {
  source_addr_ton: 1, source_addr_npi: 1, source_addr: '106900001', dest_addr_ton: 1, dest_addr_npi: 1,
  destination_addr: '8613900000009', esm_class: 0x40, protocol_id: 0x7f, data_coding: 0xf6, short_message: text,
};
let sent = 0;
let done = 0;
let start;
const session = smpp.connect({ url: `smpp://127.0.0.1:${port}` }, () => {
  session.bind_transceiver({ system_id: 'bench', password: 'bench' }, () => {
    start = process.hrtime.bigint();
    for (let i = 0; i < window; i += 1) submit();
  });
});
session.on('deliver_sm', (pdu) => session.send(pdu.response()));

function submit() {
  if (sent >= n) return;
  sent += 1;
  session.submit_sm(fields, (pdu) => {
    if (pdu.command_status) throw new Error(`status ${pdu.command_status}`);
    done += 1;
    if (done < n) return submit();
    console.log(JSON.stringify({ seconds: Number(process.hrtime.bigint() - start) / 1e9 }));
    session.close();
    return process.exit(0);
  });
}
