"""Messages made from templates: letters, mails and notifications in the language of whoever reads them."""
