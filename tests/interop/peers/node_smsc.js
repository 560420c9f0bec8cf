// node-smpp as an SMSC: node node_smsc.js MODULE MO; prints its port, answers, sends receipts and MO messages.
const smpp = require(process.argv[2]);
const mo = Number(process.argv[3]);
const report = { submitted: 0, acknowledged: 0, refused: 0 };
const server = smpp.createServer((session) => {
  session.on('error', () => {});
  session.on('bind_transceiver', (pdu) => {
    session.send(pdu.response({ system_id: 'node' }));
    for (let i = 0; i < mo; i += 1) {
      deliver({ source_addr: '8613800000001', destination_addr: '10086', data_coding: 8, short_message: `余额 ${i}` });
    }
  });
  session.on('submit_sm', (pdu) => {
    report.submitted += 1;
    const id = report.submitted.toString(16).padStart(8, '0');
    session.send(pdu.response({ message_id: id }));
    deliver({
      source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, esm_class: 4,
      short_message: `id:${id} sub:001 dlvrd:001 submit date:2607251200 done date:2607251201 stat:DELIVRD err:000 text:`,
      receipted_message_id: id, message_state: 2,
    });
  });
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => {
    session.send(pdu.response());
    session.close();
    console.log(JSON.stringify(report));
    process.exit(0);
  });
  function deliver(fields) {
    session.deliver_sm(fields, (pdu) => { report[pdu.command_status ? 'refused' : 'acknowledged'] += 1; });
  }
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
setTimeout(() => process.exit(1), 120000).unref();
