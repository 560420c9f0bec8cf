// node-smpp as an ESME: node node_esme.js MODULE PORT COUNT MO; one JSON line at the end.
const smpp = require(process.argv[2]);
const [port, count, mo] = process.argv.slice(3).map(Number);
const report = { accepted: 0, receipts: 0, mo: 0, errors: [] };
const ids = new Set();
const receipted = new Set();
const session = smpp.connect({ url: `smpp://127.0.0.1:${port}` }, () => {
  session.bind_transceiver({ system_id: 'ykt', password: 'secret' }, (pdu) => {
    if (pdu.command_status) return done(`bind ${pdu.command_status}`);
    for (let i = 0; i < 10; i += 1) submit();
  });
});
session.on('error', (error) => done(String(error)));
let next = 0;

function message(number) {
  const base = { source_addr: '10086', destination_addr: '8613800000001', registered_delivery: 1 };
  if (number % 3 === 0) return { ...base, data_coding: 0, short_message: `message ${number}` };
  if (number % 3 === 1) return { ...base, data_coding: 8, short_message: `消息 ${number}` };
  const udh = Buffer.from([5, 0, 3, Math.floor(number / 6) & 255, 2, Math.floor(number / 3) % 2 ? 2 : 1]);
  return { ...base, data_coding: 8, esm_class: 0x40, short_message: { udh, message: '长'.repeat(60) } };
}

function submit() {
  if (next >= count) return;
  session.submit_sm(message(next), (pdu) => {
    if (pdu.command_status) report.errors.push(`submit ${pdu.command_status}`);
    report.accepted += 1;
    ids.add(pdu.message_id);
    submit();
    check();
  });
  next += 1;
}

session.on('deliver_sm', (pdu) => {
  session.send(pdu.response());
  if (pdu.esm_class & 4) receipted.add(pdu.receipted_message_id);
  else report.mo += 1;
  check();
});

function check() {
  if (report.accepted === count && receipted.size === count && report.mo === mo) done();
}

function done(error) {
  if (error) report.errors.push(error);
  report.receipts = [...receipted].filter((id) => ids.has(id)).length;
  console.log(JSON.stringify(report));
  if (error) process.exit(1);
  session.unbind(() => { session.close(); process.exit(0); });
}
setTimeout(() => done('too long'), 60000).unref();
