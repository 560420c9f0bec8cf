# Net::SMPP as an ESME: perl net_smpp_esme.pl PORT COUNT MO; one JSON line at the end.
use strict;
use warnings;
use utf8;
use Encode qw(encode);
use Net::SMPP;

my ($port, $count, $mo) = @ARGV;
my ($accepted, $got_mo, @errors) = (0, 0);
my (%ids, %receipted);
$SIG{ALRM} = sub { push @errors, 'too long'; report(); exit 1 };
alarm 60;
my ($smpp, $resp) = Net::SMPP->new_transceiver(
    '127.0.0.1', port => $port, system_id => 'ykt', password => 'secret', smpp_version => 0x34, interface_version => 0x34,
    addr_ton => 0, addr_npi => 0,
) or die "no bind";
die "bind refused" if $resp->{status};
my $next = 0;
submit() for 1 .. 10;
until ($accepted == $count && keys(%receipted) == $count && $got_mo == $mo) {
    my $pdu = $smpp->read_pdu() or die "line lost after $accepted, " . keys(%receipted) . ", $got_mo";
    if ($pdu->{cmd} == Net::SMPP::CMD_submit_sm_resp) {
        push @errors, "submit $pdu->{status}" if $pdu->{status};
        $accepted++;
        $ids{$pdu->{message_id}} = 1;
        submit();
    } elsif ($pdu->{cmd} == Net::SMPP::CMD_deliver_sm) {
        $smpp->deliver_sm_resp(seq => $pdu->{seq}, message_id => '');
        if ($pdu->{esm_class} & 4) {
            push @errors, "receipt $pdu->{short_message}" unless $pdu->{short_message} =~ /^id:(\S+) .*stat:DELIVRD/;
            $receipted{$1} = 1;
        } else {
            $got_mo++;
        }
    } elsif ($pdu->{cmd} == Net::SMPP::CMD_enquire_link) {
        $smpp->enquire_link_resp(seq => $pdu->{seq});
    } else {
        push @errors, sprintf('command %08x', $pdu->{cmd});
    }
}
$smpp->unbind(async => 1);
$smpp->read_pdu();
report();

sub submit {
    return if $next >= $count;
    my $number = $next++;
    my @more = (data_coding => 0, short_message => "message $number");
    @more = (data_coding => 8, short_message => encode('UTF-16BE', "消息 $number")) if $number % 3 == 1;
    if ($number % 3 == 2) {
        my $udh = pack('C6', 5, 0, 3, int($number / 6) & 255, 2, int($number / 3) % 2 ? 2 : 1);
        @more = (data_coding => 8, esm_class => 0x40, short_message => $udh . encode('UTF-16BE', '长' x 60));
    }
    $smpp->submit_sm(
        source_addr => '10086', destination_addr => '8613800000001', registered_delivery => 1, async => 1, @more
    ) or push @errors, "submit_sm failed";
}

sub report {
    my $known = grep { $ids{$_} } keys %receipted;
    my $errors = join ',', map { s/["\\]//gr } @errors;
    print qq({"accepted": $accepted, "receipts": $known, "mo": $got_mo, "errors": [) . ($errors ? qq("$errors") : '') . "]}\n";
}
