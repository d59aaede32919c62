<?php
// A SOAP service by PHP's own SoapServer, for `php -S`: /orders (document/literal) and /bookings (rpc/encoded).
// It keeps its orders in a file, because each request begins with an empty memory.
class Orders
{
    private string $session = '';

    private function file(): string
    {
        return getenv('PEER_FOLDER') . '/orders.dat';
    }

    private function all(): array
    {
        return is_file($this->file()) ? unserialize(file_get_contents($this->file())) : [];
    }

    public function Session(string $value): void
    {
        $this->session = $value;
    }

    public function Create(object $order): array
    {
        $lines = $order->line ?? [];
        $lines = is_array($lines) ? $lines : [$lines];
        if ($lines === []) {
            throw new SoapFault('Server', 'An order has lines.', null, ['code' => 'NO_LINES'], 'Refused');
        }
        $total = '0';
        foreach ($lines as $line) {
            $total = number_format((float) $total + $line->quantity * (float) $line->price, 2, '.', '');
        }
        $known = $this->all();
        $known[$order->reference] = $order;
        file_put_contents($this->file(), serialize($known));
        return ['number' => count($known), 'total' => $total, 'session' => $this->session ?: null];
    }

    public function Find(object $wanted): array
    {
        $known = $this->all();
        return isset($known[$wanted->reference]) ? ['order' => $known[$wanted->reference]] : [];
    }
}

class Bookings
{
    public function Book(string $reference, array $entries): string
    {
        return json_encode(['reference' => $reference, 'entries' => $entries]);
    }
}

ini_set('soap.wsdl_cache_enabled', '0');
$name = trim(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH), '/');
$text = str_replace('@PORT@', $_SERVER['SERVER_PORT'], file_get_contents(__DIR__ . "/$name.wsdl"));
if (array_key_exists('wsdl', array_change_key_case($_GET))) {
    header('Content-Type: text/xml; charset=utf-8');
    exit($text);
}
$file = getenv('PEER_FOLDER') . "/$name.wsdl";
file_put_contents($file, $text);
$twelve = str_contains($_SERVER['CONTENT_TYPE'] ?? '', 'application/soap+xml');
$server = new SoapServer($file, ['soap_version' => $twelve ? SOAP_1_2 : SOAP_1_1, 'send_errors' => true]);
$server->setClass($name === 'bookings' ? 'Bookings' : 'Orders');
$server->handle();
