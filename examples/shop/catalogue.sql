CREATE TABLE products (slug TEXT PRIMARY KEY, title TEXT, stock INTEGER, details TEXT);
INSERT INTO products VALUES
  ('assam', 'Assam, second flush', 112, '{"price": 890, "weight": 250, "delivery": {"days": 2}}'),
  ('darjeeling', 'Darjeeling, first flush', 31, '{"price": 1490, "weight": 100, "delivery": {"days": 2}}'),
  ('kettle', 'Cast-iron kettle', 4, '{"price": 7900, "weight": 2100}'),
  ('oolong', 'Oolong from Alishan', 18, '{"price": null, "weight": 100, "delivery": {"days": 9}}'),
  ('抹茶', '抹茶 from Uji', 7, '{"größen": {"klein": 1900, "groß": 3400}}');

CREATE TABLE carts (customer INTEGER PRIMARY KEY, items TEXT);
INSERT INTO carts VALUES
  (7, '[{"name": "Assam", "price": 890, "count": 2}, {"name": "Darjeeling", "price": 1490, "count": 1}, {"name": "Gift wrapping", "count": 1}]');

CREATE TABLE vouchers (code TEXT PRIMARY KEY, discount TEXT);
INSERT INTO vouchers VALUES ('WELCOME', '10'), ('AUTUMN', '15 %');

CREATE TABLE orders (number INTEGER PRIMARY KEY, customer INTEGER, paid INTEGER, refunded INTEGER, receipt TEXT);
INSERT INTO orders VALUES
  (2041, 7, 3270, 3270, '{"total": 3270, "positions": []}'),
  (2058, 7, 890, 1490, '{"sum": 890, "positions": []}');

CREATE TABLE categories (slug TEXT PRIMARY KEY, parent TEXT);
INSERT INTO categories VALUES
  ('tea', NULL), ('black', 'tea'), ('green', 'tea'), ('sencha', 'green'),
  ('gifts', 'seasonal'), ('seasonal', 'winter'), ('winter', 'gifts');

CREATE TABLE suppliers (name TEXT, region TEXT, reply TEXT);
INSERT INTO suppliers VALUES
  ('Assam Gardens', 'India', '{"assam": 400}'),
  ('Makaibari', 'India', '{"darjeeling": "on request"}'),
  ('Uji Tea House', 'Japan', ''),
  ('Alishan Farm', 'Taiwan', '{"oolong": 25'),
  ('Iron Works Morioka', 'Japan', '{"kettles": 12}');
